package stories_test

import (
	"crypto/rand"
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/ram"
)

// operator is somebody who changes an account's RAM by hand.
type operator struct {
	t           *testing.T
	s           *stack.Stack
	credentials ram.Credentials
}

func newOperator(t *testing.T, s *stack.Stack, account string) operator {
	t.Helper()
	o := operator{t, s, ram.Credentials{AccessKeyID: s.Cloud.AccessKeyID, AccessKeySecret: ram.Secret(s.Cloud.AccessKeySecret)}}
	var made struct {
		Credentials struct{ AccessKeyId, AccessKeySecret, SecurityToken string }
	}
	o.call(s.Cloud.STS, "2015-04-01", "AssumeRole", &made, "RoleArn", "acs:ram::"+account+":role/"+stack.DirectoryRole, "RoleSessionName", "operator")
	o.credentials = ram.Credentials{
		AccessKeyID: made.Credentials.AccessKeyId, AccessKeySecret: ram.Secret(made.Credentials.AccessKeySecret), SecurityToken: ram.Secret(made.Credentials.SecurityToken),
	}
	return o
}

// ims calls an action of IMS and returns the answer.
func (o operator) ims(action string, params ...string) string {
	o.t.Helper()
	var answer json.RawMessage
	o.call(o.s.Cloud.IMS, "2019-08-15", action, &answer, params...)
	return string(answer)
}

func (o operator) call(endpoint, version, action string, out any, params ...string) {
	o.t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(params); i += 2 {
		values.Set(params[i], params[i+1])
	}
	err := openapi.New(time.Now, rand.Reader).Call(o.t.Context(), openapi.Request{
		Endpoint: endpoint, Version: version, Action: action, Params: values, Credentials: o.credentials,
	}, out)
	if err != nil {
		o.t.Fatal(action, err)
	}
}
