package federation_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// clause compiles one key of a condition.
func clause(operator, key string, values ...string) (federation.Clause, []federation.Problem) {
	d := draft()
	d.Rules[0].Condition = &federation.ConditionDraft{Operators: map[string]map[string][]string{operator: {key: values}}}
	r, problems := federation.Compile(d, federation.Options{})
	if len(problems) > 0 {
		return federation.Clause{}, problems
	}
	return slices.Collect(r.Rules()[0].Clauses())[0], nil
}

func TestAClauseSaysWhatItComparesAndHow(t *testing.T) {
	for _, tt := range []struct {
		operator, key   string
		fact            federation.Fact
		attribute       string
		every, without  bool
		wants, wantsNot string
	}{
		{"StringEquals", "saml:groups", federation.Attribute, "memberOf", false, false, "1", "2"},
		{"StringNotEqualsIfExists", "saml:other", federation.Attribute, "other", true, true, "2", "1"},
		{"ForAnyValue:NumericNotEquals", "saml:groups", federation.Attribute, "memberOf", false, false, "2", "1.0"},
		{"ForAllValues:StringLike", "saml:nameID", federation.Subject, "", true, false, "1", "2"},
	} {
		c, problems := clause(tt.operator, tt.key, "1")
		if len(problems) > 0 {
			t.Errorf("%s: %v", tt.operator, problems)
			continue
		}
		if c.Operator() != tt.operator || c.Key() != tt.key || c.Fact() != tt.fact || c.Every() != tt.every || c.HoldsWithout() != tt.without || !c.Wants(federation.ValueOf(tt.wants)) || c.Wants(federation.ValueOf(tt.wantsNot)) {
			t.Errorf("%s on %s: %+v", tt.operator, tt.key, c)
		}
		if tt.fact == federation.Attribute && c.Attribute() != tt.attribute {
			t.Errorf("%s stands for %s", tt.key, c.Attribute())
		}
	}
}

func TestKeysAreOfTheProtocolThatTheProviderSpeaks(t *testing.T) {
	for _, tt := range []struct {
		idp, key string
		fact     federation.Fact
		name     string
		refused  string
	}{
		{"okta", "saml:groups", federation.Attribute, "memberOf", ""},
		{"okta", "saml:nameID", federation.Subject, "", ""},
		{"okta", "oidc:groups", 0, "", "okta speaks SAML"},
		{"github", "oidc:sub", federation.Subject, "", ""},
		{"github", "oidc:repo", federation.Attribute, "repository", ""},
		{"github", "oidc:repository_owner", federation.Attribute, "repository_owner", ""},
		{"github", "saml:repo", 0, "", "github speaks OIDC"},
		{"github", "oidc:nameID", 0, "", "no nameID"},
		{"github", "sourceIp", federation.SourceIP, "", ""},
	} {
		d := draft()
		d.IdentityProviders = append(d.IdentityProviders, trust.Source{
			ID: "github", Attributes: map[string]string{"repo": "repository"},
			OIDC: &trust.OIDC{Issuer: "https://token.actions.githubusercontent.com", Audiences: []string{"sts.aliyuncs.com"}},
		})
		d.Rules[0].IdP, d.Rules[0].Session = tt.idp, federation.SessionDraft{}
		operator, value := "StringEquals", "x"
		if tt.key == "sourceIp" {
			operator, value = "IpAddress", "10.0.0.1"
		}
		d.Rules[0].Condition = &federation.ConditionDraft{Operators: map[string]map[string][]string{operator: {tt.key: {value}}}}
		r, problems := federation.Compile(d, federation.Options{})
		if tt.refused != "" {
			if len(problems) != 1 || !strings.Contains(problems[0].Cause, tt.refused) {
				t.Errorf("%s of %s: %v", tt.key, tt.idp, problems)
			}
			continue
		}
		if len(problems) > 0 {
			t.Errorf("%s of %s: %v", tt.key, tt.idp, problems)
			continue
		}
		c := slices.Collect(r.Rules()[0].Clauses())[0]
		if c.Fact() != tt.fact || tt.name != "" && c.Attribute() != tt.name {
			t.Errorf("%s of %s: %+v", tt.key, tt.idp, c)
		}
	}
}

// TestTheManualHasEveryOperator: what may be written is explained, and what is
// explained may be written.
func TestTheManualHasEveryOperator(t *testing.T) {
	manual, err := os.ReadFile("../../template/conditions.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(manual), "| operator |")
	table, _, _ = strings.Cut(table, "`IfExists` behind")
	var explained []string
	for i, word := range strings.Split(table, "`") {
		if i%2 == 1 && word[0] >= 'A' && word[0] <= 'Z' {
			explained = append(explained, word)
		}
	}
	bare := slices.DeleteFunc(federation.Operators(), func(name string) bool { return strings.Contains(name, ":") || strings.HasSuffix(name, "IfExists") })
	if slices.Sort(bare); len(bare) != 22 || !slices.Equal(bare, slices.Sorted(slices.Values(explained))) {
		t.Errorf("%d operators %q, explained %q", len(bare), bare, explained)
	}
}

// TestManyValuesAreLookedUp: what a few values mean, thousands do too.
func TestManyValuesAreLookedUp(t *testing.T) {
	many := make([]string, 5000)
	for i := range many {
		many[i] = "Group-" + strings.Repeat("x", i%70) + string(rune('0'+i/70))
	}
	for operator, want := range map[string][3]bool{
		"StringEquals": {true, false, false}, "StringNotEquals": {false, true, true},
		"StringEqualsIgnoreCase": {true, true, false}, "StringNotEqualsIgnoreCase": {false, false, true},
	} {
		c, problems := clause(operator, "saml:groups", many...)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		got := [3]bool{c.Wants(federation.ValueOf(many[4999])), c.Wants(federation.ValueOf(strings.ToUpper(many[4999]))), c.Wants(federation.ValueOf("nobody"))}
		if got != want {
			t.Errorf("%s: %v, not %v", operator, got, want)
		}
	}
}

// TestClausesThatCannotHoldTogetherAreRefused, and only where that is certain.
func TestClausesThatCannotHoldTogetherAreRefused(t *testing.T) {
	type operators = map[string]map[string][]string
	groups := func(values ...string) map[string][]string { return map[string][]string{"saml:groups": values} }
	subject := func(values ...string) map[string][]string { return map[string][]string{"saml:nameID": values} }
	for name, tt := range map[string]struct {
		all     operators
		refused bool
	}{
		"all that is wanted is forbidden":      {operators{"StringEquals": groups("a", "b"), "StringNotEquals": groups("b", "a", "c")}, true},
		"some of it is":                        {operators{"StringEquals": groups("a", "b"), "StringNotEquals": groups("a")}, false},
		"in another case":                      {operators{"StringEquals": groups("a"), "StringNotEqualsIgnoreCase": groups("A")}, true},
		"by its exact name":                    {operators{"StringEquals": groups("a"), "StringNotEquals": {"saml:memberOf": {"a"}}}, true},
		"of another attribute":                 {operators{"StringEquals": groups("a"), "StringNotEquals": {"saml:email": {"a"}}}, false},
		"a person in both":                     {operators{"StringEquals": groups("a"), "StringLike": groups("b*")}, false},
		"only those, and another":              {operators{"StringEquals": groups("a"), "ForAllValues:StringLike": groups("b*")}, true},
		"one that is not it beside it":         {operators{"StringEquals": groups("a"), "ForAnyValue:StringNotEquals": groups("a")}, false},
		"forbidden where it exists":            {operators{"StringEqualsIfExists": groups("a"), "StringNotEquals": groups("a")}, false},
		"neither there nor like that":          {operators{"Null": groups("true"), "StringLike": groups("a*")}, true},
		"neither there nor, if so, like it":    {operators{"Null": groups("true"), "StringLikeIfExists": groups("a*")}, false},
		"there and like that":                  {operators{"Null": groups("false"), "StringLike": groups("a*")}, false},
		"one subject is no other":              {operators{"StringEquals": subject("a"), "StringLike": subject("b*")}, true},
		"one subject is both":                  {operators{"StringEquals": subject("ab"), "StringLike": subject("a*")}, false},
		"the subject is an attribute's namely": {operators{"StringEquals": subject("a"), "StringNotEquals": groups("a")}, false},
	} {
		d := draft()
		d.Rules[0].Condition = &federation.ConditionDraft{Operators: tt.all}
		_, problems := federation.Compile(d, federation.Options{})
		if refused := len(problems) > 0; refused != tt.refused || len(problems) > 1 {
			t.Errorf("%s: %v", name, problems)
		}
	}
}

// TestAStoredRevisionKeepsItsOperators: what an older version stored is a map of
// operators too, so both are read.
func TestAStoredRevisionKeepsItsOperators(t *testing.T) {
	d := draft()
	d.Rules[0].Condition = &federation.ConditionDraft{Operators: map[string]map[string][]string{
		"IpAddress":                   {"sourceIp": {"10.0.0.0/8"}},
		"ForAllValues:StringLike":     {"saml:groups": {"dev-*"}},
		"NumericLessThanIfExists":     {"saml:level": {"007"}},
		"DateGreaterThan":             {"currentTime": {"2026-01-02T15:04:05+08:00"}},
		"StringEqualsIgnoreCase":      {"saml:dept": {"Ops"}, "saml:nameID": {"ada@acme.com"}},
		"ForAnyValue:StringNotEquals": {"saml:groups": {"x"}},
		"Null":                        {"saml:contractor": {"true"}},
	}}
	r := compile(t, d)
	again, err := federation.FromItems(r.Items())
	if err != nil || again.ID() != r.ID() {
		t.Fatalf("ID %q, %v", again.ID(), err)
	}
	describe := func(r federation.Revision) (lines []string) {
		for c := range r.Rules()[0].Clauses() {
			lines = append(lines, c.Operator()+" "+c.Key()+" "+c.Values().String()+" "+c.Wanted())
		}
		return lines
	}
	if got, want := describe(again), describe(r); !slices.Equal(got, want) || len(got) != 8 {
		t.Errorf("got %q, want %q", got, want)
	}
}

// liked is like as one would define it: the end of both, or what each character
// of the pattern may stand for.
func liked(pattern, text []rune) bool {
	rows := make([]bool, len(text)+1)
	rows[len(text)] = true
	for p := len(pattern) - 1; p >= 0; p-- {
		next := make([]bool, len(text)+1)
		for t := len(text); t >= 0; t-- {
			switch {
			case pattern[p] == '*':
				next[t] = rows[t] || t < len(text) && next[t+1]
			case t < len(text) && (pattern[p] == '?' || pattern[p] == text[t]):
				next[t] = rows[t+1]
			}
		}
		rows = next
	}
	return rows[0]
}

func FuzzPatternsMatchAsDefined(f *testing.F) {
	for _, seed := range [][2]string{
		{"dev-*", "dev-ops"},
		{"*a*b*c", "xaybzc"},
		{"?", "é"},
		{"??", "é"},
		{"a*a", "a"},
		{"*?*", ""},
		{"***", "x"},
		{"é*è?", "éaèb"},
		{"*ab", "aab"},
		{"*a?b", "aaxb"},
		{"[a-z]", "b"},
		{`\*`, `\x`},
		{"a.c", "abc"},
		{"*é", "\xc3\xc3\xa9"},
		{"*", strings.Repeat("+", longestLiked+1)},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if !utf8.ValidString(pattern) || !utf8.ValidString(text) || text == "" {
			return // no text of a token or an assertion is like that
		}
		c, problems := clause("StringLike", "saml:groups", pattern)
		if len(problems) > 0 {
			return // apply refuses the pattern: too long, or empty
		}
		want := len(text) <= longestLiked && liked([]rune(pattern), []rune(text))
		if got := c.Wants(federation.ValueOf(text)); got != want {
			t.Errorf("%q on %q: %v", pattern, text, got)
		}
	})
}

// longestLiked is the longest text that any pattern matches, as conditions.md says.
const longestLiked = 4096

// TestAPatternOfManyStarsIsQuick: each star that could take more multiplies the
// ways for a matcher that tries them all.
func TestAPatternOfManyStarsIsQuick(t *testing.T) {
	c, problems := clause("StringLike", "saml:groups", strings.Repeat("*a", 500)+"b")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	start := time.Now()
	if c.Wants(federation.ValueOf(strings.Repeat("a", longestLiked))) {
		t.Error("matched")
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %s", took)
	}
	if c.Wants(federation.ValueOf(strings.Repeat("a", 5000) + "b")) {
		t.Error("a value that is too long to match is matched")
	}
}

// FuzzConditionsCompile: whatever is written is a clause or a problem, and what
// compiled compares whatever comes. Only by its name does one hold without a value.
func FuzzConditionsCompile(f *testing.F) {
	for _, seed := range [][4]string{
		{"StringEquals", "saml:groups", "a", "a"},
		{"NumericLessThan", "saml:x", "-0.5", "1e9"},
		{"DateEquals", "currentTime", "2026-01-02T15:04:05Z", "now"},
		{"ForAllValues:IpAddressIfExists", "saml:x", "::/0", "fe80::1%a"},
		{"Null", "saml:x", "true", ""},
		{"Bool", "saml:x", "TRUE", "true"},
		{"IpAddress", "sourceIp", "10.0.0.0/8", "10.0.0.1"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	f.Fuzz(func(t *testing.T, operator, key, value, received string) {
		c, problems := clause(operator, key, value)
		if len(problems) > 0 {
			if problems[0].Cause == "" || problems[0].Fix == "" || problems[0].Path == "" {
				t.Errorf("a problem without words: %+v", problems[0])
			}
			return
		}
		c.Wants(federation.ValueOf(received))
		if byName := strings.HasSuffix(operator, "IfExists") || operator == "Null"; c.HoldsWithout() && !byName {
			t.Errorf("%s %s holds without a value", operator, value)
		}
		if c.Operator() != operator || c.Key() != key || c.Wanted() == "" {
			t.Errorf("%+v", c)
		}
	})
}
