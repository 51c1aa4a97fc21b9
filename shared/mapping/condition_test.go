package mapping_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

type values = []string

// TestOperatorsMeanWhatRAMDocuments has of every operator what passes and what
// does not. A list of received values is one attribute with those values.
func TestOperatorsMeanWhatRAMDocuments(t *testing.T) {
	for _, tt := range []struct {
		operator string
		wanted   values
		passes   []values
		fails    []values
	}{
		{"StringEquals", values{"a", "b"}, []values{{"a"}, {"b"}, {"x", "b"}}, []values{{"A"}, {"ab"}, {"x", "y"}}},
		{"StringNotEquals", values{"a", "b"}, []values{{"A"}, {"ab"}, {"x", "y"}}, []values{{"a"}, {"b"}, {"x", "b"}}},
		{"StringEqualsIgnoreCase", values{"Staff", "ÄRZTE"}, []values{{"sTAFF"}, {"ärzte"}, {"x", "staff"}}, []values{{"\u017ftaff"}, {"staff "}}},
		{"StringNotEqualsIgnoreCase", values{"Kilo", "b"}, []values{{"\u212ailo"}, {"x", "y"}}, []values{{"kILO"}, {"x", "B"}}},
		{"StringLike", values{"dev-*", "?-ops"}, []values{{"dev-"}, {"dev-x-y"}, {"a-ops"}, {"é-ops"}, {"x", "dev-1"}}, []values{{"Dev-x"}, {"my-dev-x"}, {"-ops"}, {"ab-ops"}}},
		{"StringNotLike", values{"dev-*", "?-ops"}, []values{{"Dev-x"}, {"x", "-ops"}}, []values{{"dev-x"}, {"x", "a-ops"}}},
		{"NumericEquals", values{"7", "1.5"}, []values{{"7"}, {"007.00"}, {"1.50"}, {"x", "7"}}, []values{{"8"}, {"-7"}, {"seven"}, {"7e0"}, {" 7"}}},
		{"NumericNotEquals", values{"7", "8"}, []values{{"9"}, {"7.1", "6"}}, []values{{"7.0"}, {"8", "9"}, {"seven"}, {"9", "nine"}}},
		{"NumericLessThan", values{"5"}, []values{{"4"}, {"-100"}, {"4.99999999999999999999"}, {"9", "4"}}, []values{{"5"}, {"10"}, {"x"}}},
		{"NumericLessThanEquals", values{"9007199254740993"}, []values{{"9007199254740993"}, {"9007199254740992"}}, []values{{"9007199254740994"}}},
		{"NumericGreaterThan", values{"-2"}, []values{{"-1.9"}, {"0"}, {"-0"}}, []values{{"-2"}, {"-2.1"}, {"-10"}}},
		{"NumericGreaterThanEquals", values{"0", "5"}, []values{{"0"}, {"-0.0"}, {"3"}}, []values{{"-0.1"}, {""}}},
		{"DateEquals", values{"2026-01-02T15:04:05Z"}, []values{{"2026-01-02T23:04:05+08:00"}}, []values{{"2026-01-02T15:04:06Z"}, {"2026-01-02"}}},
		{"DateNotEquals", values{"2026-01-02T15:04:05Z"}, []values{{"2026-01-02T15:04:06Z"}}, []values{{"2026-01-02T23:04:05+08:00"}, {"soon"}}},
		{"DateLessThan", values{"2026-01-02T15:04:05+08:00"}, []values{{"2026-01-02T07:04:04Z"}}, []values{{"2026-01-02T07:04:05Z"}, {"soon"}}},
		{"DateLessThanEquals", values{"2026-01-02T15:04:05Z"}, []values{{"2026-01-02T15:04:05Z"}}, []values{{"2026-01-02T15:04:05.001Z"}}},
		{"DateGreaterThan", values{"2026-01-02T15:04:05Z"}, []values{{"2026-01-02T15:04:06Z"}}, []values{{"2026-01-02T15:04:05Z"}}},
		{"DateGreaterThanEquals", values{"2026-01-02T15:04:05Z"}, []values{{"2026-01-02T15:04:05Z"}}, []values{{"2026-01-02T15:04:04Z"}}},
		{"Bool", values{"true"}, []values{{"true"}, {"True"}, {"false", "true"}}, []values{{"false"}, {"1"}, {"yes"}}},
		{"Bool", values{"false"}, []values{{"false"}}, []values{{"true"}, {"0"}, {"no"}}},
		{"IpAddress", values{"10.0.0.0/8", "192.0.2.7"}, []values{{"10.1.2.3"}, {"192.0.2.7"}, {"::ffff:10.1.2.3"}, {"1.1.1.1", "10.0.0.1"}}, []values{{"11.0.0.1"}, {"10.1.2"}, {"010.1.2.3"}, {"10.1.2.3/8"}}},
		{"NotIpAddress", values{"10.0.0.0/8", "fd00::/8"}, []values{{"11.0.0.1"}, {"2001:db8::1"}}, []values{{"10.1.2.3"}, {"::ffff:10.1.2.3"}, {"fd00::1%eth0"}, {"11.0.0.1", "10.0.0.1"}, {"nowhere"}}},
		{"Null", values{"true"}, []values{nil, {}, {""}, {"", ""}}, []values{{"a"}, {"", "a"}}},
		{"Null", values{"false"}, []values{{"a"}, {"", "a"}}, []values{nil, {}, {""}}},

		{"ForAnyValue:StringEquals", values{"a"}, []values{{"a"}, {"x", "a"}}, []values{{"x"}}},
		{"ForAnyValue:StringNotEquals", values{"a", "b"}, []values{{"x"}, {"x", "a"}}, []values{{"a"}, {"a", "b"}}},
		{"ForAnyValue:NumericLessThan", values{"5"}, []values{{"9", "4"}}, []values{{"9", "6"}}},
		{"ForAllValues:StringEquals", values{"a", "b"}, []values{{"a"}, {"a", "b", "a"}}, []values{{"x"}, {"a", "x"}}},
		{"ForAllValues:StringNotEquals", values{"a"}, []values{{"x", "y"}}, []values{{"x", "a"}}},
		{"ForAllValues:StringLike", values{"dev-*"}, []values{{"dev-a", "dev-b"}}, []values{{"dev-a", "ops"}}},
		{"ForAllValues:IpAddress", values{"10.0.0.0/8"}, []values{{"10.0.0.1", "10.0.0.2"}}, []values{{"10.0.0.1", "11.0.0.1"}, {"10.0.0.1", "x"}}},

		{"StringEqualsIfExists", values{"a"}, []values{nil, {}, {""}, {"a"}}, []values{{"x"}}},
		{"StringNotEqualsIfExists", values{"a"}, []values{nil, {}, {""}, {"x"}}, []values{{"a"}, {"x", "a"}}},
		{"BoolIfExists", values{"true"}, []values{nil, {"true"}}, []values{{"false"}, {"maybe"}}},
		{"NotIpAddressIfExists", values{"10.0.0.0/8"}, []values{nil, {"11.0.0.1"}}, []values{{"10.0.0.1"}, {"x"}}},
		{"ForAllValues:StringEqualsIfExists", values{"a"}, []values{nil, {}, {"a", "a"}}, []values{{"a", "b"}}},
		{"ForAnyValue:StringEqualsIfExists", values{"a"}, []values{nil, {"a", "b"}}, []values{{"b"}}},
	} {
		t.Run(tt.operator, func(t *testing.T) {
			rev := revision(t, rule("r", operators(map[string]map[string][]string{tt.operator: {"saml:x": tt.wanted}})))
			for _, received := range tt.passes {
				checkHolds(t, rev, received, true)
			}
			for _, received := range tt.fails {
				checkHolds(t, rev, received, false)
			}
			if strings.HasSuffix(tt.operator, "IfExists") || tt.operator == "Null" {
				return
			}
			for _, missing := range []values{nil, {}, {""}, {"", ""}} {
				checkHolds(t, rev, missing, false)
			}
		})
	}
}

func checkHolds(t *testing.T, rev federation.Revision, received values, want bool) {
	t.Helper()
	var options []validatetest.Option
	if received != nil {
		options = append(options, validatetest.Attribute("x", received...))
	}
	grants, trace := mapping.Roles(rev, validatetest.New(t).Identity(options...), now())
	if trace.Rules[0].Holds != want || len(grants) == 1 != want {
		t.Errorf("%q: holds is %v, grants %q", received, trace.Rules[0].Holds, summary(grants))
	}
}

// TestNoOperatorIsForgotten counts: RAM has 22 operators, of which only Null has
// neither prefix nor suffix.
func TestNoOperatorIsForgotten(t *testing.T) {
	value := map[string]string{"Numeric": "1", "Date": "2026-01-02T15:04:05Z", "Bool": "true", "IpAddress": "10.0.0.1", "NotIpAddress": "10.0.0.1", "Null": "true"}
	var list []string
	for _, of := range []string{"String", "Numeric", "Date"} {
		list = append(list, of+"Equals", of+"NotEquals")
	}
	for _, of := range []string{"Numeric", "Date"} {
		list = append(list, of+"LessThan", of+"LessThanEquals", of+"GreaterThan", of+"GreaterThanEquals")
	}
	list = append(list, "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike", "Bool", "IpAddress", "NotIpAddress", "Null")
	if len(list) != 22 {
		t.Fatalf("%d operators", len(list))
	}
	for _, name := range list {
		wanted := "a"
		for prefix, v := range value {
			if strings.HasPrefix(name, prefix) {
				wanted = v
			}
		}
		for _, written := range []string{name, name + "IfExists", "ForAnyValue:" + name, "ForAllValues:" + name, "ForAllValues:" + name + "IfExists"} {
			d := rule("r", operators(map[string]map[string][]string{written: {"saml:x": {wanted}}}))
			_, problems := federation.Compile(federation.Draft{
				IdentityProviders: []trust.Source{validatetest.Source()},
				Accounts:          []federation.AccountDraft{{ID: prod}}, Rules: []federation.RuleDraft{d},
			}, federation.Options{})
			if refused := len(problems) > 0; refused != (name == "Null" && written != name) {
				t.Errorf("%s: %v", written, problems)
			}
		}
	}
}

func TestAllKeysAndAllOperatorsHoldTogether(t *testing.T) {
	ada := validatetest.New(t).Identity() // groups platform and sre, mail ada@example.com
	for name, tt := range map[string]struct {
		all  map[string]map[string][]string
		want bool
	}{
		"both operators":          {map[string]map[string][]string{"StringEquals": {"saml:team": {"sre"}}, "StringLike": {"saml:email": {"*@example.com"}}}, true},
		"the second fails":        {map[string]map[string][]string{"StringEquals": {"saml:team": {"sre"}}, "StringLike": {"saml:email": {"*@acme.com"}}}, false},
		"in one group, not other": {map[string]map[string][]string{"StringEquals": {"saml:team": {"sre"}}, "StringNotEquals": {"saml:team": {"contractors"}}}, true},
		"in both":                 {map[string]map[string][]string{"StringEquals": {"saml:team": {"sre"}}, "StringNotEquals": {"saml:team": {"platform"}}}, false},
		"a negated key missing":   {map[string]map[string][]string{"StringEquals": {"saml:team": {"sre"}}, "StringNotEquals": {"saml:contract": {"contractor"}}}, false},
	} {
		grants, _ := mapping.Roles(revision(t, rule("r", operators(tt.all))), ada, now())
		if len(grants) == 1 != tt.want {
			t.Errorf("%s: %q", name, summary(grants))
		}
	}
}

func TestConditionsOnWhereAndWhen(t *testing.T) {
	ada := validatetest.New(t).Identity()
	office := operators(map[string]map[string][]string{"IpAddress": {"sourceIp": {"198.51.100.0/24", "2001:db8::/32"}}})
	abroad := operators(map[string]map[string][]string{"NotIpAddress": {"sourceIp": {"198.51.100.0/24"}}})
	march := operators(map[string]map[string][]string{
		"DateGreaterThanEquals": {"currentTime": {"2027-03-01T12:00:00Z"}},
		"DateLessThan":          {"currentTime": {"2027-03-01T20:30:00+08:00"}},
	})
	for name, tt := range map[string]struct {
		rule  func(*federation.RuleDraft)
		ip    string
		later time.Duration
		want  bool
	}{
		"in the office":             {office, "198.51.100.9", 0, true},
		"in the office by IPv6":     {office, "2001:db8::9", 0, true},
		"in IPv6's clothes":         {office, "::ffff:198.51.100.9", 0, true},
		"elsewhere":                 {office, "203.0.113.1", 0, false},
		"nobody knows where":        {office, "", 0, false},
		"abroad":                    {abroad, "203.0.113.1", 0, true},
		"at home":                   {abroad, "198.51.100.9", 0, false},
		"nobody knows how abroad":   {abroad, "", 0, false},
		"at the first second":       {march, "", 0, true},
		"within it":                 {march, "", 999 * time.Millisecond, true},
		"before":                    {march, "", -time.Millisecond, false},
		"at the last second":        {march, "", 30*time.Minute - time.Millisecond, true},
		"after":                     {march, "", 30 * time.Minute, false},
		"the zone of the clock's":   {march, "", time.Minute, true},
		"long after":                {march, "", 24 * time.Hour, false},
		"an address with its zone":  {abroad, "fe80::1%eth0", 0, true},
		"the office with its zone":  {office, "2001:db8::9%eth0", 0, true},
		"a far address, no mapping": {office, "::198.51.100.9", 0, false},
	} {
		at := mapping.Context{Now: validatetest.Now().Add(tt.later).In(time.FixedZone("CST", 8*3600))}
		if tt.ip != "" {
			at.SourceIP = netip.MustParseAddr(tt.ip)
		}
		if grants, trace := mapping.Roles(revision(t, rule("r", tt.rule)), ada, at); len(grants) == 1 != tt.want {
			t.Errorf("%s: %q, %+v", name, summary(grants), trace)
		}
	}
}

// TestWhatWasLackingReadsWell: one sentence for each way in which a condition
// fails.
func TestWhatWasLackingReadsWell(t *testing.T) {
	ada := validatetest.New(t).Identity(
		validatetest.Attribute("groups", "platform", "sre"),
		validatetest.Attribute("level", "3"),
		validatetest.Attribute("hired", "2026-01-02T15:04:05Z"),
		validatetest.Attribute("blank", ""),
	)
	for _, tt := range []struct{ operator, key, value, want string }{
		{"StringEquals", "saml:groups", "x", `saml:groups is ["platform" "sre"], one of ["x"] is wanted`},
		{"StringEquals", "saml:teams", "x", `saml:teams has 0 values, one of ["x"] is wanted`},
		{"StringEquals", "saml:blank", "x", `saml:blank is [""], one of ["x"] is wanted`},
		{"StringNotEquals", "saml:groups", "sre", `saml:groups is ["platform" "sre"], none of ["sre"] is allowed`},
		{"StringEqualsIgnoreCase", "saml:groups", "x", `saml:groups is ["platform" "sre"], one in any case of ["x"] is wanted`},
		{"StringLike", "saml:groups", "x*", `saml:groups is ["platform" "sre"], one like ["x*"] is wanted`},
		{"StringNotLike", "saml:groups", "s*", `saml:groups is ["platform" "sre"], none like ["s*"] is allowed`},
		{"ForAllValues:StringLike", "saml:groups", "s*", `saml:groups is ["platform" "sre"], only those like ["s*"] are allowed`},
		{"ForAnyValue:StringNotLike", "saml:groups", "*r*", `saml:groups is ["platform" "sre"], one that is not like ["*r*"] is wanted`},
		{"NumericEquals", "saml:level", "4", `saml:level is ["3"], one equal to ["4"] is wanted`},
		{"NumericLessThan", "saml:level", "3", `saml:level is ["3"], one less than ["3"] is wanted`},
		{"NumericGreaterThanEquals", "saml:level", "4", `saml:level is ["3"], one at least ["4"] is wanted`},
		{"DateLessThan", "saml:hired", "2026-01-01T00:00:00Z", `saml:hired is ["2026-01-02T15:04:05Z"], one before ["2026-01-01T00:00:00Z"] is wanted`},
		{"DateGreaterThan", "currentTime", "2028-01-01T00:00:00Z", `currentTime is ["2027-03-01T12:00:00Z"], one after ["2028-01-01T00:00:00Z"] is wanted`},
		{"Bool", "saml:mfa", "true", `saml:mfa has 0 values, one of ["true"] is wanted`},
		{"IpAddress", "sourceIp", "10.0.0.0/8", `sourceIp is ["203.0.113.1"], one within ["10.0.0.0/8"] is wanted`},
		{"NotIpAddress", "sourceIp", "203.0.113.0/24", `sourceIp is ["203.0.113.1"], none within ["203.0.113.0/24"] is allowed`},
		{"Null", "saml:groups", "true", `saml:groups is ["platform" "sre"], no value is allowed`},
		{"Null", "saml:teams", "false", `saml:teams has 0 values, a value is wanted`},
	} {
		rev := revision(t, rule("r", operators(map[string]map[string][]string{tt.operator: {tt.key: {tt.value}}})))
		at := mapping.Context{Now: validatetest.Now(), SourceIP: netip.MustParseAddr("203.0.113.1")}
		_, err := mapping.Role(rev, ada, at, role(t, arn(prod, "admin")))
		if err == nil || !strings.HasSuffix(err.Error(), `rule "r": `+tt.want) {
			t.Errorf("%s: %v", tt.operator, err)
		}
	}
}

// TestALongListIsCutInASentence: the trace has all of it.
func TestALongListIsCutInASentence(t *testing.T) {
	many := make([]string, 150)
	for i := range many {
		many[i] = "group-" + strings.Repeat("x", i)
	}
	ada := validatetest.New(t).Identity(validatetest.Attribute("groups", many...))
	_, err := mapping.Role(revision(t, rule("r", where(map[string][]string{"saml:groups": {"sre"}}))), ada, now(), role(t, arn(prod, "admin")))
	if err == nil || !strings.Contains(err.Error(), `and 130 more], one of ["sre"] is wanted`) {
		t.Errorf("got %v", err)
	}
}

const (
	entraGroups = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
	entraLink   = "http://schemas.microsoft.com/claims/groups.link"
	graph       = "https://graph.windows.net/tenant/users/ada/getMemberObjects"
)

func entra(t *testing.T, rules ...federation.RuleDraft) federation.Revision {
	t.Helper()
	return revisionOf(t, func(s *trust.Source) {
		s.Preset, s.Attributes = "entra", nil
	}, rules...)
}

// withoutGroups is somebody of whom no usual attribute of groups comes.
func withoutGroups(t *testing.T, options ...validatetest.Option) validate.Identity {
	t.Helper()
	return validatetest.New(t).Identity(append([]validatetest.Option{validatetest.Attribute("department", "r&d")}, options...)...)
}

func TestGroupsThatEntraHeldBackAreNamed(t *testing.T) {
	sre := where(map[string][]string{"saml:groups": {"sre"}})
	for name, tt := range map[string]struct {
		option validatetest.Option
		want   string
	}{
		"a link":             {validatetest.Attribute(entraLink, graph), "Entra sent a link instead of the groups (more than 150): assign groups to the application or send app roles"},
		"distributed claims": {validatetest.Attribute("_claim_names", `{"groups":"src1"}`), "Entra sent a link instead of the groups (more than 200)"},
		"hasgroups":          {validatetest.Attribute("hasgroups", "true"), "Entra said only that there are groups"},
		"hasGroups":          {validatetest.Attribute("hasGroups", "True"), "Entra said only that there are groups"},
		"nothing of it":      {validatetest.Attribute("x", "y"), ""},
		"other claims":       {validatetest.Attribute("_claim_names", `{"address":"src1"}`), ""},
		"no groups at all":   {validatetest.Attribute("hasgroups", "false"), ""},
	} {
		who := withoutGroups(t, tt.option)
		_, trace := mapping.Roles(entra(t, rule("r", sre)), who, now())
		_, err := mapping.Role(entra(t, rule("r", sre)), who, now(), role(t, arn(prod, "admin")))
		if !strings.HasPrefix(trace.Groups, tt.want) || (trace.Groups == "") != (tt.want == "") || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: groups %q, refusal %v", name, trace.Groups, err)
		}
		lacks := `saml:groups is unknown, one of ["sre"] is wanted`
		if tt.want == "" {
			lacks = `saml:groups has 0 values, one of ["sre"] is wanted`
		}
		if err == nil || !strings.HasSuffix(err.Error(), lacks) {
			t.Errorf("%s: %v", name, err)
		}
	}
	both := withoutGroups(t, validatetest.Attribute(entraLink, graph), validatetest.Attribute(entraGroups, "sre"))
	if grants, trace := mapping.Roles(entra(t, rule("r", sre)), both, now()); len(grants) != 1 || trace.Groups != "" {
		t.Errorf("groups came beside the link: %q, %q", summary(grants), trace.Groups)
	}
}

// TestUnknownGroupsPassNothing: they exist, so IfExists and Null must not take them
// for missing ones. Other attributes are as they came.
func TestUnknownGroupsPassNothing(t *testing.T) {
	who := withoutGroups(t, validatetest.Attribute(entraLink, graph))
	for _, tt := range []struct {
		operator, key, value string
		want                 bool
	}{
		{"StringNotEquals", "saml:groups", "contractors", false},
		{"StringNotEqualsIfExists", "saml:groups", "contractors", false},
		{"StringNotEqualsIfExists", "saml:" + entraGroups, "contractors", false},
		{"ForAllValues:StringEqualsIfExists", "saml:groups", "sre", false},
		{"Null", "saml:groups", "true", false},
		{"Null", "saml:groups", "false", false},
		{"StringEquals", "saml:department", "r&d", true},
		{"StringEqualsIfExists", "saml:room", "1", true},
	} {
		rev := entra(t, rule("r", operators(map[string]map[string][]string{tt.operator: {tt.key: {tt.value}}})))
		if grants, _ := mapping.Roles(rev, who, now()); len(grants) == 1 != tt.want {
			t.Errorf("%s on %s: %q", tt.operator, tt.key, summary(grants))
		}
	}
}
