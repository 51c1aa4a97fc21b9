package federation_test

import (
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/trust"
)

func values(name string) (string, bool) {
	text, ok := map[string]string{"email": "Ada.Lovelace@Acme.com", "windows": `ACME\ada`, "blank": "", "name": "张三", "spaced": " a b ", "kelvin": "\u212a\u0130ZÉ", "dotless": "\u0131\u017fzé"}[name]
	return text, ok
}

func expand(t *testing.T, text string) (string, error) {
	t.Helper()
	template, err := federation.ParseTemplate(text, []string{"email", "windows", "blank", "name", "spaced", "missing", "kelvin", "dotless"})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return template.Expand(values)
}

func TestFunctionsShapeAValue(t *testing.T) {
	for text, want := range map[string]string{
		`{{email | lower}}`:                                   "ada.lovelace@acme.com",
		`{{email|upper}}`:                                     "ADA.LOVELACE@ACME.COM",
		`{{kelvin | lower}}`:                                  "\u212a\u0130zé", // no k, and no i
		`{{dotless | upper}}`:                                 "\u0131\u017fZÉ", // no I, and no S
		`{{email | before "@"}}`:                              "Ada.Lovelace",
		`{{email | after "@"}}`:                               "Acme.com",
		`{{windows | after "\"}}`:                             "ada",
		`{{email | after "\"}}`:                               "Ada.Lovelace@Acme.com",
		`{{windows | before "@"}}`:                            `ACME\ada`,
		`{{email | replace "." "-"}}`:                         "Ada-Lovelace@Acme-com",
		`{{email | replace "." ""}}`:                          "AdaLovelace@Acmecom",
		`{{email | max 3}}`:                                   "Ada",
		`{{name | max 1}}`:                                    "张",
		`{{email | max 100}}`:                                 "Ada.Lovelace@Acme.com",
		`{{windows | clean}}`:                                 "ACME-ada",
		`{{spaced | clean | max 1}}`:                          "a",
		`{{missing | default "nobody"}}`:                      "nobody",
		`{{missing | lower | default "Nobody"}}`:              "Nobody",
		`{{missing | default "Nobody" | lower}}`:              "nobody",
		`{{blank | default "nobody"}}`:                        "nobody",
		`{{blank | clean}}x`:                                  "x",
		`{{email | default "nobody" | before "."}}`:           "Ada",
		`{{ email | before "@" | clean | max 32 | lower }}-x`: "ada.lovelace-x",
		`{{email | replace "@" "}}|"}}`:                       "Ada.Lovelace}}|Acme.com",
		`{{windows | after "\"}}@{{email | after "@" }}`:      "ada@Acme.com",
	} {
		if got, err := expand(t, text); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestAFunctionDoesNotHideThatAValueIsMissing(t *testing.T) {
	for _, text := range []string{`{{missing | lower}}`, `{{missing | replace "a" "b" | max 3}}`, `{{missing | clean}}`} {
		if got, err := expand(t, text); err == nil || !strings.Contains(err.Error(), "{{missing}} has no value") {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
}

func TestFunctionsThatWouldNotWorkAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{{email | uper}}`:            `there is no function "uper"`,
		`{{email | }}`:                "no function stands after |",
		`{{email || lower}}`:          "no function stands after |",
		`{{email | "lower"}}`:         "no function stands after |",
		`{{email | Lower}}`:           `there is no function "Lower"`,
		`{{email | lower "x"}}`:       `lower "x" is not how lower is written: lower`,
		`{{email | before}}`:          `before is not how before is written: before "X"`,
		`{{email | before @}}`:        `before @ is not how before is written: before "X"`,
		`{{email | before ""}}`:       "is not how before is written",
		`{{email | before "a" "b"}}`:  "is not how before is written",
		`{{email | replace "a"}}`:     `is not how replace is written: replace "A" "B"`,
		`{{email | replace "" "b"}}`:  "is not how replace is written",
		`{{email | max}}`:             `max is not how max is written: max N`,
		`{{email | max 0}}`:           "is not how max is written",
		`{{email | max -1}}`:          "is not how max is written",
		`{{email | max "3"}}`:         "is not how max is written",
		`{{email | max 99999999999}}`: "is not how max is written",
		`{{email | default ""}}`:      "is not how default is written",
		`{{email | before "@}}`:       "opens {{ or a quote and does not close it",
		`{{email "x"}}`:               "is no variable here",
		`{{email lower}}`:             `"email lower" is no variable here`,
		`{{lower}}`:                   `"lower" is no variable here`,
	} {
		if _, err := federation.ParseTemplate(text, []string{"email"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// A workload's subject goes by the name that its protocol gives it.
func TestTheSubjectHasItsProtocolsName(t *testing.T) {
	saml, oidc := trust.Source{SAML: trust.SAML{MetadataURL: "https://idp.example/"}}, trust.Source{OIDC: &trust.OIDC{Issuer: "https://idp.example"}}
	for name, tt := range map[string]struct {
		source trust.Source
		want   string
	}{"SAML": {saml, "nameID"}, "OpenID Connect": {oidc, "sub nameID"}} {
		if got := strings.Join(federation.SubjectVariables(tt.source), " "); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

// What was taken at apply must not fail at a click for another reason than a
// variable without value.
func FuzzTemplate(f *testing.F) {
	for _, text := range []string{
		"{{email}}", `{{ email | before "@" | clean | max 32 | lower }}-x`, `{{blank | default "}}"}}`, `{{email | replace "." ""}}`, `{{email || }}`, `{{"`, "}}{{",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		template, err := federation.ParseTemplate(text, []string{"email", "blank", "name"})
		if err != nil {
			return
		}
		expanded, err := template.Expand(values)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if again, _ := template.Expand(values); again != expanded {
			t.Errorf("%q is %q, then %q", text, expanded, again)
		}
	})
}
