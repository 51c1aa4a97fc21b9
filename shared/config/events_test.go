package config_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/config"
	"github.com/fc-sso/fc-sso/shared/reason"
)

func TestEventsComeFromWhoIsNamed(t *testing.T) {
	const account = "FC_ACCOUNT_ID=1234567890123456"
	for _, c := range []struct {
		env   map[string]string
		want  config.Events
		fault string
	}{
		{cloud(), config.Events{}, ""},
		{cloud(account, "SSO_EVENTS_FROM=", "SSO_EVENTS_ACCOUNT="), config.Events{}, ""},
		{cloud(account, "SSO_EVENTS_FROM=eventbridge:acme.hr,mns:hr"), config.Events{Account: "1234567890123456", Sources: []string{"acme.hr"}, Topics: []string{"hr"}}, ""},
		{cloud(account, "SSO_EVENTS_ACCOUNT=6543210987654321", "SSO_EVENTS_FROM= eventbridge:https://hr.acme.com/x , eventbridge:2 ,"), config.Events{Account: "6543210987654321", Sources: []string{"https://hr.acme.com/x", "2"}}, ""},
		{local(account, "SSO_EVENTS_FROM=mns:hr"), config.Events{Account: "1234567890123456", Topics: []string{"hr"}}, ""},
		{cloud("SSO_EVENTS_FROM=mns:hr"), config.Events{}, "SSO_EVENTS_ACCOUNT: is needed"},
		{cloud("SSO_EVENTS_ACCOUNT=acme"), config.Events{}, "SSO_EVENTS_ACCOUNT: account ID"},
		{cloud(account, "SSO_EVENTS_FROM=acme.hr"), config.Events{}, `SSO_EVENTS_FROM: "acme.hr" is neither`},
		{cloud(account, "SSO_EVENTS_FROM=eventbridge:"), config.Events{}, "SSO_EVENTS_FROM: "},
		{cloud(account, "SSO_EVENTS_FROM=eventbridge:a b"), config.Events{}, "SSO_EVENTS_FROM: "},
		{cloud(account, "SSO_EVENTS_FROM=eventbridge:"+strings.Repeat("a", 129)), config.Events{}, "SSO_EVENTS_FROM: "},
		{cloud(account, "SSO_EVENTS_FROM=mns:a_b"), config.Events{}, "SSO_EVENTS_FROM: "},
		{cloud(account, "SSO_EVENTS_FROM=mns:*"), config.Events{}, "SSO_EVENTS_FROM: "},
		{cloud(account, "SSO_EVENTS_FROM=oss:bucket"), config.Events{}, "SSO_EVENTS_FROM: "},
		{cloud("SSO_EVENTS_FROM=x,y,mns:hr"), config.Events{}, "SSO_EVENTS_ACCOUNT: is needed"}, // all at once
		{cloud("SSO_EVENTS_FROM=x,y,mns:hr"), config.Events{}, `"y" is neither`},
	} {
		got, err := config.Load(from(c.env), config.Store)
		if c.fault == "" && (err != nil || !reflect.DeepEqual(got.Events, c.want)) || c.fault != "" && !strings.Contains(reason.Detail(err), c.fault) {
			t.Errorf("want %+v, %q, got %+v, %v", c.want, c.fault, got.Events, err)
		}
	}
}

func TestProvisioningIsCalledByItsName(t *testing.T) {
	platform := []string{"FC_ACCOUNT_ID=1234567890123456", "FC_REGION=cn-hangzhou"}
	got, err := config.Load(from(cloud(platform...)), config.Store, config.Provisioning)
	if err != nil || got.Provisioning != "sso-provisioning" || got.FCEndpoint != "https://1234567890123456.cn-hangzhou-internal.fc.aliyuncs.com" || got.Rotation != "" {
		t.Errorf("%+v %v", got, err)
	}
	got, err = config.Load(from(cloud(append(platform, "SSO_PROVISIONING_FUNCTION=people")...)), config.Store, config.Provisioning)
	if err != nil || got.Provisioning != "people" {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := config.Load(from(cloud()), config.Provisioning); !strings.Contains(reason.Detail(err), "SSO_FC_ENDPOINT: is needed") {
		t.Errorf("%v", err)
	}
}
