package config_test

import (
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/config"
	"github.com/fc-sso/fc-sso/shared/reason"
)

func TestAlertsGoWhereTheyAreToldTo(t *testing.T) {
	platform := []string{"FC_ACCOUNT_ID=1234567890123456", "FC_REGION=cn-hangzhou"}
	for _, c := range []struct {
		env   map[string]string
		want  config.Alerts
		fault string
	}{
		{cloud(), config.Alerts{}, ""},
		{cloud("SSO_ALERTS_TO=", "SSO_ALERTS_ENDPOINT="), config.Alerts{}, ""},
		{cloud(append(platform, "SSO_ALERTS_TO=eventbridge:sso_Bus-1")...), config.Alerts{Service: "eventbridge", Name: "sso_Bus-1", Endpoint: "https://1234567890123456.eventbridge.cn-hangzhou.aliyuncs.com"}, ""},
		{cloud(append(platform, "SSO_ALERTS_TO=mns:sso-alerts")...), config.Alerts{Service: "mns", Name: "sso-alerts", Endpoint: "https://1234567890123456.mns.cn-hangzhou.aliyuncs.com"}, ""},
		{cloud("SSO_ALERTS_TO=mns:sso", "SSO_ALERTS_ENDPOINT=https://1.mns.cn-hangzhou-internal.aliyuncs.com"), config.Alerts{Service: "mns", Name: "sso", Endpoint: "https://1.mns.cn-hangzhou-internal.aliyuncs.com"}, ""},
		{local("SSO_ALERTS_TO=mns:sso", "SSO_ALERTS_ENDPOINT=http://127.0.0.1:5"), config.Alerts{Service: "mns", Name: "sso", Endpoint: "http://127.0.0.1:5"}, ""},
		{cloud("SSO_ALERTS_TO=mns:sso"), config.Alerts{}, "SSO_ALERTS_ENDPOINT: is needed"},
		{local(append(platform, "SSO_ALERTS_TO=mns:sso")...), config.Alerts{}, "SSO_ALERTS_ENDPOINT: is needed"}, // that would be the real one
		{cloud("SSO_ALERTS_ENDPOINT=mns.example"), config.Alerts{}, "SSO_ALERTS_ENDPOINT: "},
		{local("SSO_ALERTS_ENDPOINT=https://mns.example"), config.Alerts{}, "SSO_ALERTS_ENDPOINT: mns.example is not this machine"},
		{cloud("SSO_ALERTS_TO=sso"), config.Alerts{}, `SSO_ALERTS_TO: "sso" is neither eventbridge:BUS nor mns:TOPIC`},
		{cloud("SSO_ALERTS_TO=mns"), config.Alerts{}, "SSO_ALERTS_TO: "},
		{cloud("SSO_ALERTS_TO=mns:"), config.Alerts{}, "SSO_ALERTS_TO: "},
		{cloud("SSO_ALERTS_TO=mns:a/messages?x"), config.Alerts{}, "SSO_ALERTS_TO: "},
		{cloud("SSO_ALERTS_TO=mns:a_b"), config.Alerts{}, "SSO_ALERTS_TO: "}, // a bus may be called so, a topic not
		{cloud("SSO_ALERTS_TO=MNS:a"), config.Alerts{}, "SSO_ALERTS_TO: "},
		{cloud("SSO_ALERTS_TO=sls:project"), config.Alerts{}, "SSO_ALERTS_TO: "},
		{cloud("SSO_ALERTS_TO=eventbridge:" + strings.Repeat("a", 128)), config.Alerts{}, "SSO_ALERTS_TO: "},
	} {
		got, err := config.Load(from(c.env), config.Store)
		if got.Alerts != c.want || c.fault == "" && err != nil || c.fault != "" && !strings.Contains(reason.Detail(err), c.fault) {
			t.Errorf("want %+v, %q, got %+v, %v", c.want, c.fault, got.Alerts, err)
		}
	}
}
