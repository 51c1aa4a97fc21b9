package cloud

import (
	"net/http"
	"regexp"
	"time"
)

const (
	systemPolicy = "System"
	customPolicy = "Custom"

	maxPolicyDocument    = 6144
	maxPolicyDescription = 1024
	firstVersion         = "v1" // and the only one: no action here makes another
)

var policyName = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

// policyKey is what tells a policy from others: one of each type may have the same name.
type policyKey struct{ kind, name string }

// ramPolicy is a policy that users and groups are given.
type ramPolicy struct {
	policyKey
	description, document string
	says                  policy
	created               time.Time
}

// systemPolicies are Alibaba Cloud's own, as far as they are emulated.
func systemPolicies() map[string]*ramPolicy {
	const all = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	says, err := parsePermission(all)
	if err != nil {
		return nil // it is well formed
	}
	return map[string]*ramPolicy{administrator: {
		policyKey: policyKey{systemPolicy, administrator}, description: "the permission to manage all Alibaba Cloud resources", document: all, says: says,
	}}
}

const administrator = "AdministratorAccess"

type policyBody struct {
	PolicyName      string
	PolicyType      string
	Description     string
	DefaultVersion  string
	CreateDate      string `json:",omitempty" xml:",omitempty"`
	UpdateDate      string `json:",omitempty" xml:",omitempty"`
	AttachDate      string `json:",omitempty" xml:",omitempty"`
	AttachmentCount *int   `json:",omitempty" xml:",omitempty"`
}

type policyList struct{ Policy []policyBody }

type policyVersionBody struct {
	VersionId        string
	IsDefaultVersion bool
	PolicyDocument   string
	CreateDate       string
}

func (p *ramPolicy) body() policyBody {
	return policyBody{PolicyName: p.name, PolicyType: p.kind, Description: p.description, DefaultVersion: firstVersion}
}

func (d *directory) policyAt(key policyKey) (*ramPolicy, bool) {
	if key.kind == systemPolicy {
		p, ok := systemPolicies()[key.name]
		return p, ok
	}
	p, ok := d.policies[lower(key.name)]
	return p, ok && p.name == key.name
}

func (v visit) policyName() (string, *fault) {
	switch name := v.q.params.Get("PolicyName"); {
	case name == "":
		return "", missing("PolicyName")
	case len(name) > maxName:
		return "", beyondLength("PolicyName")
	case !policyName.MatchString(name):
		return "", invalidChars("PolicyName")
	default:
		return name, nil
	}
}

func (v visit) createPolicy() (ramAnswer, *fault) {
	name, f := v.policyName()
	if f != nil {
		return ramAnswer{}, f
	}
	if !v.q.params.Has("PolicyDocument") {
		return ramAnswer{}, missing("PolicyDocument")
	}
	made := &ramPolicy{policyKey: policyKey{customPolicy, name}, created: v.now}
	if f := v.read("PolicyDocument", maxPolicyDocument, &made.document); f != nil {
		return ramAnswer{}, f
	}
	if f := v.read("Description", maxPolicyDescription, &made.description); f != nil {
		return ramAnswer{}, f
	}
	if f := v.refuseTags(); f != nil {
		return ramAnswer{}, f
	}
	var err error
	if made.says, err = parsePermission(made.document); err != nil {
		return ramAnswer{}, refuse(http.StatusBadRequest, "MalformedPolicyDocument", "%s", err.Error())
	}
	if _, known := v.policies[lower(name)]; known {
		return ramAnswer{}, knownAlready("Policy")
	}
	v.policies[lower(name)] = made
	body := made.body()
	body.CreateDate = stsTime(made.created)
	return ramAnswer{Policy: &body}, nil
}

func (v visit) askedPolicy() (*ramPolicy, *fault) {
	name, f := v.policyName()
	if f != nil {
		return nil, f
	}
	kind := v.q.params.Get("PolicyType")
	switch {
	case kind == "":
		return nil, missing("PolicyType")
	case kind != systemPolicy && kind != customPolicy:
		return nil, refuse(http.StatusBadRequest, "InvalidParameter.PolicyType", "The parameter - %q is incorrect.", "PolicyType")
	case v.q.params.Has("ResourceGroupId"): // a part of the account alone is not emulated
		return nil, malformed("ResourceGroupId")
	}
	if p, ok := v.policyAt(policyKey{kind, name}); ok {
		return p, nil
	}
	return nil, noEntity("Policy")
}

func (v visit) getPolicy() (ramAnswer, *fault) {
	p, f := v.askedPolicy()
	if f != nil {
		return ramAnswer{}, f
	}
	users, groups := v.attachedTo(p.policyKey)
	body, count := p.body(), users+groups
	body.CreateDate, body.UpdateDate, body.AttachmentCount = stsTime(p.created), stsTime(p.created), &count
	return ramAnswer{Policy: &body, DefaultPolicyVersion: &policyVersionBody{firstVersion, true, p.document, stsTime(p.created)}}, nil
}

func (v visit) deletePolicy() (ramAnswer, *fault) {
	name, f := v.policyName()
	if f != nil {
		return ramAnswer{}, f
	}
	p, ok := v.policyAt(policyKey{customPolicy, name})
	if !ok {
		return ramAnswer{}, noEntity("Policy")
	}
	switch users, groups := v.attachedTo(p.policyKey); {
	case users > 0:
		return ramAnswer{}, inTheWay("Policy.User")
	case groups > 0:
		return ramAnswer{}, inTheWay("Policy.Group")
	}
	delete(v.policies, lower(name))
	return ramAnswer{}, nil
}
