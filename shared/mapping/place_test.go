package mapping_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// makes says that the rule's users may be made.
func makes(d *federation.RuleDraft) { d.User.Create = true }

func audits(d *federation.RuleDraft) { d.Mode = "audit" }

// placesOf are the places of an event's person, a line each.
func placesOf(rev federation.Revision, said mapping.Said) string {
	var lines []string
	for _, p := range mapping.Places(rev, "test", said, validatetest.Now()) {
		line := fmt.Sprintf("%s %s %s", p.Account.Name(), p.Rule, p.UPN)
		if p.Problem != nil {
			line += fmt.Sprintf("%s %s", reason.Of(p.Problem), reason.Detail(p.Problem))
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestAnEventsPersonHasTheUserOfTheFirstRule(t *testing.T) {
	ada := mapping.Said{Subject: "ada@acme.onaliyun.com", Attributes: map[string][]string{"groups": {"dev"}}}
	const root = "root@acme.onaliyun.com"
	when := func(operator, key, value string) func(*federation.RuleDraft) {
		return func(d *federation.RuleDraft) {
			d.Condition = &federation.ConditionDraft{Operators: map[string]map[string][]string{operator: {key: {value}}}}
		}
	}
	for name, tt := range map[string]struct {
		rules []federation.RuleDraft
		want  string
	}{
		"a rule that makes users":      {[]federation.RuleDraft{userRule("r", "{{nameID}}", makes)}, "acme-prod r ada@acme.onaliyun.com"},
		"one that does not":            {[]federation.RuleDraft{userRule("r", "{{nameID}}")}, ""},
		"one that only watches":        {[]federation.RuleDraft{userRule("r", "{{nameID}}", makes, audits)}, ""},
		"a rule of roles":              {[]federation.RuleDraft{rule("r")}, ""},
		"the condition holds":          {[]federation.RuleDraft{userRule("r", "{{nameID}}", makes, when("StringEquals", "saml:team", "dev"))}, "acme-prod r ada@acme.onaliyun.com"},
		"it does not":                  {[]federation.RuleDraft{userRule("r", "{{nameID}}", makes, when("StringEquals", "saml:team", "ops"))}, ""},
		"what it wants is missing":     {[]federation.RuleDraft{userRule("r", "{{nameID}}", makes, when("StringNotEquals", "saml:level", "9"))}, ""},
		"the template's value is":      {[]federation.RuleDraft{userRule("r", "{{email}}", makes)}, `acme-prod r principal_invalid rule "r" gives nothing, for principal: {{email}} has no value that is somebody's alone: one is wanted, not several, nor a blank, nor a transient NameID`},
		"another suffix":               {[]federation.RuleDraft{userRule("r", "ada@acme.com", makes)}, `acme-prod r principal_suffix rule "r" gives nothing, for principal: ada@acme.com is of a suffix that the rule's domains do not have`},
		"a fault, then a sound rule":   {[]federation.RuleDraft{userRule("r", "{{email}}", makes), userRule("s", "{{nameID}}", makes)}, "acme-prod s ada@acme.onaliyun.com"},
		"an address is asked":          {[]federation.RuleDraft{userRule("r", "{{nameID}}", makes, when("IpAddress", "sourceIp", "0.0.0.0/0"))}, ""},
		"and may be missing":           {[]federation.RuleDraft{userRule("r", "{{nameID}}", makes, when("IpAddressIfExists", "sourceIp", "10.0.0.0/8"))}, ""},
		"a time that is now":           {[]federation.RuleDraft{userRule("r", "{{nameID}}", makes, when("DateLessThan", "currentTime", "2100-01-01T00:00:00Z"))}, "acme-prod r ada@acme.onaliyun.com"},
		"how they signed in":           {[]federation.RuleDraft{userRule("r", "{{nameID}}", makes, requires(0, byKey))}, ""},
		"when they signed in":          {[]federation.RuleDraft{userRule("r", "{{nameID}}", makes, requires(time.Hour))}, ""},
		"an earlier rule decides":      {[]federation.RuleDraft{userRule("r", root), userRule("s", "{{nameID}}", makes)}, ""},
		"an earlier one that watches":  {[]federation.RuleDraft{userRule("r", root, audits), userRule("s", "{{nameID}}", makes)}, "acme-prod s ada@acme.onaliyun.com"},
		"an earlier one does not hold": {[]federation.RuleDraft{userRule("r", root, when("StringEquals", "saml:team", "ops")), userRule("s", "{{nameID}}", makes)}, "acme-prod s ada@acme.onaliyun.com"},
		"faults of two rules":          {[]federation.RuleDraft{userRule("r", "a@acme.com", makes), userRule("s", "b@acme.com", makes)}, `acme-prod r principal_suffix rule "r" gives nothing, for principal: a@acme.com is of a suffix that the rule's domains do not have`},
	} {
		t.Run(name, func(t *testing.T) {
			if got := placesOf(revision(t, tt.rules...), ada); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	rev := revision(t, userRule("r", "{{nameID}}", makes))
	if got := placesOf(rev, mapping.Said{}) + fmt.Sprint(mapping.Places(rev, "other", ada, now().Now)); got != "[]" {
		t.Errorf("of nobody, and of nobody's: %s", got)
	}
}

func TestAnEventSaysWhoSomebodyIs(t *testing.T) {
	source := trust.Source{ID: "idp", Person: "{{email | lower}}", Attributes: map[string]string{"email": "mail"}}
	said := mapping.Says(source, mapping.Described{UserName: "ada", Email: "Ada@acme.com"})
	if person, err := mapping.PersonOf(source, said); err != nil || person != "ada@acme.com" {
		t.Errorf("%q, %v", person, err)
	}
	if _, err := mapping.PersonOf(source, mapping.Said{Subject: "ada"}); reason.Of(err) != reason.PersonUnclear {
		t.Errorf("%v", err)
	}
}

func TestADescriptionSpeaksAsSignInsDo(t *testing.T) {
	saml := trust.Source{ID: "idp", Attributes: map[string]string{"email": "urn:mail", "groups": "memberOf"}}
	oidc := trust.Source{ID: "idp", OIDC: &trust.OIDC{}, Attributes: map[string]string{"name": "full"}}
	ada := mapping.Described{UserName: "ada", Email: "a@acme.com", DisplayName: "Ada L", Groups: []string{"dev", "ops"}}
	other := ada
	other.Attributes = map[string][]string{"email": {"b@acme.com"}, "urn:mail": {"c@acme.com"}, "sub": {"00u1"}, "nameID": {"n1"}, "team": {"x"}}
	for name, tt := range map[string]struct {
		source trust.Source
		person mapping.Described
		want   string
	}{
		"by SAML":            {saml, ada, "ada: displayName=[Ada L] mail=[a@acme.com] memberOf=[dev ops] name=[Ada L] preferred_username=[ada] urn:mail=[a@acme.com] userName=[ada]"},
		"by OpenID Connect":  {oidc, ada, "ada: displayName=[Ada L] email=[a@acme.com] full=[Ada L] groups=[dev ops] mail=[a@acme.com] preferred_username=[ada] userName=[ada]"},
		"what it spells out": {saml, other, "n1: displayName=[Ada L] mail=[a@acme.com] memberOf=[dev ops] name=[Ada L] nameID=[n1] preferred_username=[ada] sub=[00u1] team=[x] urn:mail=[c@acme.com] userName=[ada]"},
		"a subject":          {oidc, mapping.Described{UserName: "ada", Attributes: map[string][]string{"sub": {"00u1"}, "nameID": {"n1"}}}, "00u1: nameID=[n1] preferred_username=[ada] sub=[00u1] userName=[ada]"},
		"nothing":            {saml, mapping.Described{}, ": "},
	} {
		t.Run(name, func(t *testing.T) {
			said := mapping.Says(tt.source, tt.person)
			var list []string
			for name, values := range said.Attributes {
				list = append(list, fmt.Sprintf("%s=%v", name, values))
			}
			slices.Sort(list)
			if got := said.Subject + ": " + strings.Join(list, " "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestAPlaceIsWhoTheSignInWillBe: by rules that a sign-in of any kind from anywhere
// meets, at the same hour.
func TestAPlaceIsWhoTheSignInWillBe(t *testing.T) {
	w := world{rand.New(rand.NewPCG(10, 26))}
	idp := validatetest.New(t)
	met := 0
	for range 100 {
		rev, problems := compileRules(w.userRules(1 + w.IntN(5))...)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		for range 3 {
			ada := w.person(idp)
			at := mapping.Context{Now: w.at().Now}
			taking, err := mapping.TakeUser(rev, ada, at, account(t, prod))
			place, has := placeIn(rev, sayingOf(ada), at.Now)
			if has && (err != nil || taking.Grant.UPN() != place) {
				t.Fatalf("place %s, sign-in %s, %v", place, taking.Grant.UPN(), err)
			}
			if err == nil && madeBy(rev, taking.Grant.Rule()) != has {
				t.Fatalf("sign-in %s, place %s", taking.Grant.UPN(), place)
			}
			if has {
				met++
			}
		}
	}
	if met < 30 {
		t.Errorf("%d places: the rules and people do not meet", met)
	}
}

// userRules are some that ask nothing of where somebody is and how they signed in.
func (w world) userRules(n int) []federation.RuleDraft {
	var list []federation.RuleDraft
	for len(list) < n {
		d := w.rule(fmt.Sprint("rule ", len(list)))
		d.Roles, d.AssertedRoles, d.Session, d.Requires = nil, nil, federation.SessionDraft{}, nil
		d.User = &federation.UserDraft{
			Account: prod, Principal: w.pick("{{nameID | before \"@\"}}@acme.onaliyun.com", "{{email}}", "x@acme.onaliyun.com", "{{team}}@acme.onaliyun.com"),
			Domains: []string{"acme.onaliyun.com"}, Create: w.IntN(3) > 0,
		}
		if _, problems := compileRules(d); len(problems) == 0 && !strings.Contains(fmt.Sprint(d.Condition), "sourceIp") {
			list = append(list, d)
		}
	}
	return list
}

// sayingOf is an event that says just what the sign-in does.
func sayingOf(who validate.Identity) mapping.Said {
	said := mapping.Said{Subject: who.Subject(), Attributes: map[string][]string{}}
	for _, name := range who.AttributeNames() {
		said.Attributes[name] = who.Attribute(name)
	}
	return said
}

func placeIn(rev federation.Revision, said mapping.Said, at time.Time) (ram.UPN, bool) {
	for _, p := range mapping.Places(rev, "test", said, at) {
		if p.Problem == nil {
			return p.UPN, true
		}
	}
	return ram.UPN{}, false
}

// madeBy says that the rule makes users.
func madeBy(rev federation.Revision, name string) bool {
	return slices.ContainsFunc(rev.Rules(), func(r federation.Rule) bool {
		return r.Name() == name && r.User().Create()
	})
}
