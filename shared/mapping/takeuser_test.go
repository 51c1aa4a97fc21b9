package mapping_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// users is a revision whose rules may name a claim that nobody has.
func users(t *testing.T, rules ...federation.RuleDraft) federation.Revision {
	t.Helper()
	return revisionOf(t, func(s *trust.Source) { s.Attributes["blank"] = "blank" }, rules...)
}

func account(t *testing.T, id string) ram.AccountID {
	t.Helper()
	a, err := ram.ParseAccountID(id)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestNameGamesMakeNobodyARAMUser: what a person is called at the identity provider
// they may have chosen themselves. Only names of RAM's own set come of it.
func TestNameGamesMakeNobodyARAMUser(t *testing.T) {
	const plain, small, capitals = "{{nameID}}", "{{nameID | lower}}", "{{nameID | upper}}"
	idp := validatetest.New(t)
	for name, tt := range map[string]struct {
		subject, principal string
		code               reason.Code
		why                string
	}{
		"a Cyrillic letter":              {"\u0430da@acme.onaliyun.com", plain, reason.PrincipalInvalid, "has U+0430"},
		"a Greek one":                    {"ad\u03b1@acme.onaliyun.com", plain, reason.PrincipalInvalid, "has U+03B1"},
		"a full width one":               {"\uff41da@acme.onaliyun.com", plain, reason.PrincipalInvalid, "has U+FF41"},
		"a full width at sign":           {"ada\uff20acme.onaliyun.com", plain, reason.PrincipalInvalid, "is not of the form NAME@SUFFIX"},
		"a combining accent":             {"a\u0301da@acme.onaliyun.com", plain, reason.PrincipalInvalid, "has U+0301"},
		"an accented letter":             {"\u00e1da@acme.onaliyun.com", plain, reason.PrincipalInvalid, "has U+00E1"},
		"a zero width space":             {"ada\u200b@acme.onaliyun.com", plain, reason.PrincipalInvalid, "has U+200B"},
		"a zero width joiner":            {"a\u200dda@acme.onaliyun.com", plain, reason.PrincipalInvalid, "has U+200D"},
		"text turned round":              {"\u202eada@acme.onaliyun.com", plain, reason.PrincipalInvalid, "has U+202E"},
		"a soft hyphen":                  {"a\u00adda@acme.onaliyun.com", plain, reason.PrincipalInvalid, "has U+00AD"},
		"the dotted I in small letters":  {"\u0130da@acme.onaliyun.com", small, reason.PrincipalInvalid, "has U+0130"},
		"the Kelvin sign likewise":       {"\u212aim@acme.onaliyun.com", small, reason.PrincipalInvalid, "has U+212A"},
		"the dotless i in capitals":      {"\u0131da@acme.onaliyun.com", capitals, reason.PrincipalInvalid, "has U+0131"},
		"the long s likewise":            {"\u017fam@acme.onaliyun.com", capitals, reason.PrincipalInvalid, "has U+017F"},
		"the sharp s likewise":           {"a\u00df@acme.onaliyun.com", capitals, reason.PrincipalInvalid, "has U+00DF"},
		"an escape":                      {"ada\\@acme.onaliyun.com", plain, reason.PrincipalInvalid, "has U+005C"},
		"a percent":                      {"a%64a@acme.onaliyun.com", plain, reason.PrincipalInvalid, "has U+0025"},
		"a plus":                         {"ada+root@acme.onaliyun.com", plain, reason.PrincipalInvalid, "has U+002B"},
		"a slash":                        {"../ada@acme.onaliyun.com", plain, reason.PrincipalInvalid, "begins with a dot"},
		"a leading dot":                  {".ada@acme.onaliyun.com", plain, reason.PrincipalInvalid, "begins with a dot"},
		"a blank within":                 {"ada l@acme.onaliyun.com", plain, reason.PrincipalInvalid, "has U+0020"},
		"a tab within":                   {"ada\tl@acme.onaliyun.com", plain, reason.PrincipalInvalid, "has U+0009"},
		"a line within":                  {"ada\nroot@acme.onaliyun.com", plain, reason.PrincipalInvalid, "has U+000A"},
		"65 characters":                  {strings.Repeat("a", 65) + "@acme.onaliyun.com", plain, reason.PrincipalInvalid, "the name has 65 characters, not 1 to 64"},
		"no name":                        {"@acme.onaliyun.com", plain, reason.PrincipalInvalid, "the name has 0 characters"},
		"no suffix":                      {"ada@", plain, reason.PrincipalInvalid, "the suffix is no domain"},
		"two suffixes":                   {"ada@acme.onaliyun.com@acme.com", plain, reason.PrincipalInvalid, "the suffix is no domain"},
		"the suffix behind another":      {"root@acme.onaliyun.com.evil.example", plain, reason.PrincipalSuffix, "is of a suffix that the rule's domains do not have"},
		"another before the suffix":      {"root@evil.acme.onaliyun.com", plain, reason.PrincipalSuffix, "is of a suffix"},
		"a suffix with a dot before":     {"ada@.acme.onaliyun.com", plain, reason.PrincipalSuffix, "is of a suffix"},
		"a suffix with a dot behind":     {"ada@acme.onaliyun.com.", plain, reason.PrincipalSuffix, "is of a suffix"},
		"a suffix with a Cyrillic a":     {"ada@\u0430cme.onaliyun.com", plain, reason.PrincipalInvalid, "the suffix is no domain"},
		"the account's other suffix":     {"ada@acme.com", plain, reason.PrincipalSuffix, "ada@acme.com is of a suffix"},
		"the rule's suffix put behind":   {"ada@evil.example", "{{nameID}}@acme.onaliyun.com", reason.PrincipalInvalid, "the suffix is no domain"},
		"a claim that nobody sends":      {"ada@acme.onaliyun.com", "{{blank}}", reason.PrincipalInvalid, "{{blank}} has no value"},
		"a plain one":                    {"ada.l_x-9@acme.onaliyun.com", plain, "", "ada.l_x-9@acme.onaliyun.com"},
		"64 characters":                  {strings.Repeat("a", 64) + "@acme.onaliyun.com", plain, "", strings.Repeat("a", 64) + "@acme.onaliyun.com"},
		"the suffix in capitals":         {"ada@ACME.onaliyun.COM", plain, "", "ada@acme.onaliyun.com"},
		"capitals that are to be small":  {"ADA@acme.onaliyun.com", small, "", "ada@acme.onaliyun.com"},
		"capitals that may stay as such": {"Ada@acme.onaliyun.com", plain, "", "Ada@acme.onaliyun.com"},
	} {
		t.Run(name, func(t *testing.T) {
			who := idp.Identity(validatetest.Subject(tt.subject))
			rev := users(t, userRule("r", tt.principal))
			taking, err := mapping.TakeUser(rev, who, now(), account(t, prod))
			d := mapping.Decide(rev, who, now())
			if tt.code == "" {
				if err != nil || taking.Grant.UPN().String() != tt.why || len(d.Users) != 1 || d.Users[0].UPN() != taking.Grant.UPN() {
					t.Fatalf("%+v, %v; all: %+v", taking, err, d.Users)
				}
				return
			}
			if reason.Of(err) != tt.code || !strings.Contains(reason.Detail(err), tt.why) || !taking.Grant.IsZero() {
				t.Errorf("%+v, %v; want %s: %s", taking, err, tt.code, tt.why)
			}
			if len(d.Users) > 0 || !strings.Contains(d.Trace.Rules[0].Note, tt.why) {
				t.Errorf("users %+v, note %q", d.Users, d.Trace.Rules[0].Note)
			}
		})
	}
}

// TestWhatMayBeSomebodyElsesMakesNobodyARAMUser: of several values the person may choose
// which comes first, an empty one is everybody's, and a transient NameID is another with
// each sign-in.
func TestWhatMayBeSomebodyElsesMakesNobodyARAMUser(t *testing.T) {
	idp := validatetest.New(t)
	mail := func(values ...string) validatetest.Option { return validatetest.Attribute("mail", values...) }
	transient := validatetest.Before(func(response *etree.Element) {
		response.FindElement("//NameID").CreateAttr("Format", "urn:oasis:names:tc:SAML:2.0:nameid-format:transient")
	})
	const byMail = `{{email | before "@"}}@acme.onaliyun.com`
	for name, tt := range map[string]struct {
		template, person string // principal; and what the record says
		signIn           validatetest.Option
	}{
		"two values":               {byMail, "{{email}}", mail("root@acme.com", "ada@acme.com")},
		"an empty one":             {"x{{email}}@acme.onaliyun.com", "{{email}} of acme", mail("")},
		"a blank one":              {"{{email}}@acme.onaliyun.com", "{{email}} of acme", mail(" ")},
		"a transient NameID":       {"{{nameID}}@acme.onaliyun.com", "", transient},
		"a transient one, by name": {"{{nameID}}@acme.onaliyun.com", "{{nameID}}", transient},
	} {
		t.Run(name, func(t *testing.T) {
			who := idp.Identity(validatetest.Subject("ada"), tt.signIn)
			source := validatetest.Source()
			source.Attributes, source.Person = map[string]string{"email": "mail"}, tt.person
			if person, err := mapping.Person(source, who); reason.Of(err) != reason.PersonUnclear {
				t.Errorf("the person is %q, %v", person, err)
			}
			rev := revisionOf(t, func(s *trust.Source) { s.Attributes["email"] = "mail" }, userRule("r", tt.template))
			if taking, err := mapping.TakeUser(rev, who, now(), account(t, prod)); reason.Of(err) != reason.PrincipalInvalid {
				t.Errorf("the user is %+v, %v", taking.Grant.UPN(), err)
			}
		})
	}
}

func TestAUserIsTakenByTheFirstRuleThatGivesOne(t *testing.T) {
	ada := validatetest.New(t).Identity(validatetest.Subject("ada@acme.onaliyun.com"))
	audit := func(d *federation.RuleDraft) { d.Mode = "audit" }
	finance := where(map[string][]string{"saml:team": {"finance"}})
	const root = "root@acme.onaliyun.com"
	for name, tt := range map[string]struct {
		rules []federation.RuleDraft
		code  reason.Code
		user  string
		why   string
	}{
		"nobody is anybody":                {nil, reason.UserNotGranted, "", "no rule gives it to people of test"},
		"a role is no user":                {[]federation.RuleDraft{rule("r")}, reason.UserNotGranted, "", "no rule gives it"},
		"a rule that fails":                {[]federation.RuleDraft{userRule("r", root, finance)}, reason.UserNotGranted, "", `rule "r": saml:team is ["platform" "sre"]`},
		"a rule that audits":               {[]federation.RuleDraft{userRule("r", root, audit)}, reason.UserNotGranted, "", `rule "r" only audits`},
		"a name that is none, in an audit": {[]federation.RuleDraft{userRule("r", "{{blank}}", audit)}, reason.UserNotGranted, "", `rule "r" only audits`},
		"the first of two names":           {[]federation.RuleDraft{userRule("a", root, finance), userRule("b", "{{nameID}}"), userRule("c", root)}, "", "ada@acme.onaliyun.com", ""},
		"behind a name that is none":       {[]federation.RuleDraft{userRule("a", "{{blank}}"), userRule("b", "{{nameID}}")}, "", "ada@acme.onaliyun.com", ""},
		"the first fault of two":           {[]federation.RuleDraft{userRule("a", "ada@acme.com"), userRule("b", "{{blank}}")}, reason.PrincipalSuffix, "", `rule "b": gives nothing, for principal: {{blank}} has no value`},
		"signing in again helps more":      {[]federation.RuleDraft{userRule("a", "{{blank}}"), userRule("b", root, requires(0, byKey))}, reason.StepUpNeeded, "", byKey},
	} {
		t.Run(name, func(t *testing.T) {
			taking, err := mapping.TakeUser(users(t, tt.rules...), ada, now(), account(t, prod))
			if reason.Of(err) != tt.code && (err != nil || tt.code != "") || taking.Grant.UPN().String() != tt.user {
				t.Fatalf("%+v, %v", taking, err)
			}
			if err != nil && !strings.Contains(reason.Detail(err), tt.why) {
				t.Errorf("detail %q, want %q", reason.Detail(err), tt.why)
			}
		})
	}
	for _, other := range []string{dev, "9999999999999999"} {
		if _, err := mapping.TakeUser(revision(t, userRule("r", root)), ada, now(), account(t, other)); reason.Of(err) != reason.UserNotGranted {
			t.Errorf("%s: %v", other, err)
		}
	}
	if _, err := mapping.TakeUser(revision(t, userRule("r", root)), ada, now(), ram.AccountID{}); reason.Of(err) != reason.UserNotGranted {
		t.Errorf("no account: %v", err)
	}
}

func TestAuditRulesAboutUsersAreNamed(t *testing.T) {
	ada := validatetest.New(t).Identity(validatetest.Subject("ada@acme.onaliyun.com"))
	audit := func(d *federation.RuleDraft) { d.Mode = "audit" }
	taking, err := mapping.TakeUser(users(t,
		userRule("real", "{{nameID}}"),
		userRule("holds", "root@acme.onaliyun.com", audit),
		userRule("is none", "{{blank}}", audit),
		userRule("asks for more", "root@acme.onaliyun.com", audit, requires(0, byKey)),
	), ada, now(), account(t, prod))
	if err != nil || taking.Grant.Rule() != "real" || !slices.Equal(taking.Audit, []string{"holds"}) {
		t.Errorf("%+v, %v", taking, err)
	}
}

func TestSigningInAgainMayMakeSomebodyAUser(t *testing.T) {
	ada := signedIn(t, byPassword, 2*time.Hour)
	strong := userRule("strong", "root@acme.onaliyun.com", requires(time.Hour, byKey))
	rev := revision(t, rule("a role", requires(0, byPhone)), strong, userRule("too", "ada@acme.onaliyun.com", requires(0, byPhone)))
	taking, err := mapping.TakeUser(rev, ada, now(), account(t, prod))
	if s := taking.StepUp; reason.Of(err) != reason.StepUpNeeded || s.IsZero() || !s.Role.IsZero() || s.User.String() != "root@acme.onaliyun.com" ||
		s.Account.Name() != "acme-prod" || s.Rule != "strong" || !s.Force || s.MaxAge != time.Hour || !slices.Equal(s.ACR, []string{byKey}) {
		t.Errorf("%+v, %v", taking, err)
	}
	if d := mapping.Decide(rev, ada, now()); len(d.StepUps) != 2 || d.StepUps[0].Role.IsZero() || d.StepUps[1].Rule != "strong" {
		t.Errorf("of a role and two rules for one user: %+v", d.StepUps)
	}
	if d := mapping.Decide(revision(t, strong, userRule("weak", "ada@acme.onaliyun.com")), ada, now()); len(d.StepUps) > 0 || len(d.Users) != 1 {
		t.Errorf("of one that is given: %+v", d)
	}
	// Who may be a user alone after another sign-in has no role to name.
	if taking, err := mapping.TakeOnly(revision(t, strong), ada, now()); reason.Of(err) != reason.RoleNotGranted || !taking.StepUp.IsZero() {
		t.Errorf("%+v, %v", taking, err)
	}
}

func TestAPersonIsWhoTheFederationSays(t *testing.T) {
	idp := validatetest.New(t)
	for name, tt := range map[string]struct {
		template, person string
		code             reason.Code
	}{
		"the subject":              {"", "Ada@acme.com", ""},
		"the subject by name":      {"{{nameID}}", "Ada@acme.com", ""},
		"an attribute":             {"{{email | lower}}", "ada@acme.example", ""},
		"several":                  {"{{email}} {{nameID}}", "ADA@acme.example Ada@acme.com", ""},
		"one that nobody sent":     {"{{nothing}}", "", reason.PersonUnclear},
		"one that comes to blanks": {"{{blank}}", "", reason.PersonUnclear},
		"nobody in particular":     {`{{nothing | default "x"}}`, "", reason.PersonUnclear},
		"everybody":                {"staff", "", reason.PersonUnclear},
		"one who is not nobody":    {`{{email | default "x"}}`, "ADA@acme.example", ""},
		"a fault":                  {"{{nobody}}", "", reason.ConfigurationInvalid},
	} {
		source := validatetest.Source()
		source.Attributes = map[string]string{"email": "mail", "nothing": "nothing", "blank": "blank"}
		source.Person = tt.template
		who := idp.Identity(validatetest.Subject("Ada@acme.com"), validatetest.Attribute("mail", "ADA@acme.example"), validatetest.Attribute("blank", " "))
		person, err := mapping.Person(source, who)
		if person != tt.person || tt.code == "" && err != nil || tt.code != "" && reason.Of(err) != tt.code {
			t.Errorf("%s: %q, %v", name, person, err)
		}
	}
	// OpenID Connect calls the subject sub.
	if person, err := mapping.Person(trust.Source{ID: "op", OIDC: &trust.OIDC{}, Person: "{{sub}}"}, idp.Identity(validatetest.Subject("248289761001"))); err != nil || person != "248289761001" {
		t.Errorf("%q, %v", person, err)
	}
}
