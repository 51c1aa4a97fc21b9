package effect

import (
	"encoding/json"
	"net/url"
	"reflect"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// The policy that forbids all, of each account that says deny: it ends what tokens that
// were issued before may do. Its name is also in the permissions of the maintenance role.
const (
	leftName     = "fc-sso-left"
	leftDocument = `{"Version":"1","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`

	keyParam = "UserAccessKeyId"
	custom   = "Custom"
)

func leftPolicy() Policy { return Policy{leftName, custom} }

func newLeftPolicy() Step {
	return Step{Action: createPolicy, Subject: leftName, Words: "create policy " + leftName, older: true, Params: url.Values{
		"PolicyName": {leftName}, "PolicyDocument": {leftDocument}, "Description": {comment},
	}}
}

// policy adds a call of the older API, which knows users without domain.
func (p *planner) policy(action string, u UserHas, policy Policy, words string) {
	p.steps = append(p.steps, Step{Action: action, Subject: u.Name, Words: words, older: true, Params: url.Values{
		"UserName": {u.Name}, "PolicyName": {policy.Name}, "PolicyType": {policy.Type},
	}})
}

// checkLeft refuses a policy of that name which does not forbid all: somebody would be
// taken for disabled who is not.
func checkLeft(document string) error {
	var has, want any
	if json.Unmarshal([]byte(document), &has) == nil && json.Unmarshal([]byte(leftDocument), &want) == nil && reflect.DeepEqual(has, want) {
		return nil
	}
	return reason.New(reason.RAMConflict, "the policy %s does not forbid all: delete it in RAM, and it is made anew; it is to be %s", leftName, leftDocument)
}
