package mapping_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const (
	byPassword = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
	byPhone    = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract"
	byKey      = "urn:x-acme:key"
)

func requires(maxAge time.Duration, acr ...string) func(*federation.RuleDraft) {
	return func(d *federation.RuleDraft) {
		d.Requires = &federation.RequiresDraft{ACR: acr, MaxAgeSeconds: int(maxAge / time.Second)}
	}
}

// signedIn is Ada, who signed in by this class so long ago.
func signedIn(t *testing.T, class string, ago time.Duration) validate.Identity {
	t.Helper()
	return validatetest.New(t).Identity(validatetest.Before(func(response *etree.Element) {
		statement := response.FindElement("//AuthnStatement")
		statement.CreateAttr("AuthnInstant", validatetest.Now().Add(-ago).Format(time.RFC3339))
		statement.FindElement("//AuthnContextClassRef").SetText(class)
	}))
}

// An ID token without auth_time does not say when its subject signed in.
func TestASignInOfAnUnknownTimeIsTooOld(t *testing.T) {
	who := validatetest.NewIssuer(t).Workload(nil)
	if lacks := (mapping.Demand{MaxAge: time.Hour}).Unmet(who, validatetest.Now()); !strings.Contains(lacks, "does not say when") {
		t.Errorf("lacks %q", lacks)
	}
	if lacks := (mapping.Demand{}).Unmet(who, validatetest.Now()); lacks != "" {
		t.Errorf("lacks %q", lacks)
	}
}

func TestARuleMayAskHowSomebodySignedIn(t *testing.T) {
	for name, tt := range map[string]struct {
		class string
		ago   time.Duration
		asked func(*federation.RuleDraft)
		lacks string
	}{
		"the class":                   {byPhone, time.Hour, requires(0, byPhone), ""},
		"one of the classes":          {byKey, time.Hour, requires(0, byPhone, byKey), ""},
		"another class":               {byPassword, time.Hour, requires(0, byPhone, byKey), `class "` + byPassword + `", one of ["` + byPhone + `" "` + byKey + `"] is wanted`},
		"a class in another case":     {strings.ToUpper(byPhone), 0, requires(0, byPhone), "is wanted"},
		"young enough":                {byPassword, time.Hour, requires(time.Hour), ""},
		"a second too old":            {byPassword, time.Hour + time.Second, requires(time.Hour), "1h0m1s ago, 1h0m0s is the most"},
		"class and age":               {byPhone, time.Minute, requires(time.Hour, byPhone), ""},
		"the class of a stale one":    {byPhone, 2 * time.Hour, requires(time.Hour, byPhone), "2h0m0s ago"},
		"a fresh one of no such kind": {byPassword, time.Minute, requires(time.Hour, byPhone), "is wanted"},
	} {
		t.Run(name, func(t *testing.T) {
			ada := signedIn(t, tt.class, tt.ago)
			d := mapping.Decide(revision(t, rule("r", tt.asked)), ada, now())
			e := d.Trace.Rules[0]
			if !e.Holds || !slices.Equal(e.Roles, []string{arn(prod, "admin")}) || !strings.Contains(e.Lacks, tt.lacks) {
				t.Errorf("trace %+v", e)
			}
			if given := tt.lacks == ""; given != (len(d.Grants) == 1) || given != (e.Lacks == "") || given == (len(d.StepUps) == 1) {
				t.Errorf("grants %q, step-ups %+v, lacks %q", summary(d.Grants), d.StepUps, e.Lacks)
			}
		})
	}
}

func TestAStepUpSaysWhatToAskFor(t *testing.T) {
	strong := rule("strong", requires(time.Hour, byPhone, byKey))
	taking, err := mapping.Take(revision(t, strong), signedIn(t, byPassword, time.Minute), now(), role(t, arn(prod, "admin")))
	if s := taking.StepUp; reason.Of(err) != reason.StepUpNeeded || !taking.Grant.IsZero() || s.Rule != "strong" || s.Force || s.MaxAge != time.Hour || !slices.Equal(s.ACR, []string{byPhone, byKey}) {
		t.Errorf("%+v, %v", taking, err)
	}
	if !strings.Contains(reason.Detail(err), `rule "strong": the sign-in is of class`) {
		t.Errorf("detail %q", reason.Detail(err))
	}
	taking, err = mapping.Take(revision(t, strong), signedIn(t, byPhone, 2*time.Hour), now(), role(t, arn(prod, "admin")))
	if reason.Of(err) != reason.StepUpNeeded || !taking.StepUp.Force || taking.StepUp.Account.Name() != "acme-prod" {
		t.Errorf("%+v, %v", taking, err)
	}
	taking, err = mapping.Take(revision(t, strong), signedIn(t, byKey, time.Minute), now(), role(t, arn(prod, "admin")))
	if err != nil || taking.Grant.Rule() != "strong" || !taking.StepUp.IsZero() {
		t.Errorf("%+v, %v", taking, err)
	}
}

func TestNoStepUpIsOfferedWhereItWouldNotHelp(t *testing.T) {
	ada := signedIn(t, byPassword, time.Minute)
	audit := func(d *federation.RuleDraft) { d.Mode = "audit" }
	for name, rules := range map[string][]federation.RuleDraft{
		"the condition fails":       {rule("r", requires(0, byPhone), where(map[string][]string{"saml:team": {"finance"}}))},
		"the rule audits":           {rule("r", requires(0, byPhone), audit)},
		"another rule gives it":     {rule("first", requires(0, byPhone)), rule("second")},
		"another rule gave it":      {rule("first"), rule("second", requires(0, byPhone))},
		"nothing is asserted":       {rule("r", requires(0, byPhone), asserts([]string{prod}, "*"))},
		"no rule has to do with it": {},
	} {
		if d := mapping.Decide(revision(t, rules...), ada, now()); len(d.StepUps) > 0 {
			t.Errorf("%s: %+v", name, d.StepUps)
		}
		if _, err := mapping.Take(revision(t, rules...), ada, now(), role(t, arn(prod, "admin"))); reason.Of(err) == reason.StepUpNeeded {
			t.Errorf("%s: %v", name, err)
		}
	}
	several := revision(t, rule("first", requires(0, byPhone)), rule("second", requires(0, byKey)))
	if d := mapping.Decide(several, ada, now()); len(d.StepUps) != 1 || d.StepUps[0].Rule != "first" {
		t.Errorf("of two rules: %+v", d.StepUps)
	}
}

func TestAuditRulesAreNamedAndGiveNothing(t *testing.T) {
	ada := validatetest.New(t).Identity()
	audit := func(d *federation.RuleDraft) { d.Mode = "audit" }
	rules := []federation.RuleDraft{
		rule("real"),
		rule("holds", audit),
		rule("fails", audit, where(map[string][]string{"saml:team": {"finance"}})),
		rule("elsewhere", audit, func(d *federation.RuleDraft) { d.Roles = []string{arn(dev, "reader")} }),
		rule("asks for more", audit, requires(0, byKey)),
	}
	taking, err := mapping.Take(revision(t, rules...), ada, now(), role(t, arn(prod, "admin")))
	if err != nil || taking.Grant.Rule() != "real" || !slices.Equal(taking.Audit, []string{"holds"}) {
		t.Errorf("%+v, %v", taking, err)
	}
	taking, err = mapping.Take(revision(t, rules[1:]...), ada, now(), role(t, arn(prod, "admin")))
	if reason.Of(err) != reason.RoleNotGranted || !slices.Equal(taking.Audit, []string{"holds"}) {
		t.Errorf("%+v, %v", taking, err)
	}
	if names := mapping.Decide(revision(t, rules...), ada, now()).Trace.Auditors(); !slices.Equal(names, []string{"holds", "elsewhere"}) {
		t.Errorf("%q", names)
	}
}
