package yamlfile_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/federation/yamlfile"
)

const globex = `{"id":"globex","displayName":"Globex \u2014 \"partner\"","oidc":{"issuer":"https:\/\/login.globex.example","audiences":["no","0123"],"login":{"clientID":"0123"}},"emailDomains":["globex.example"]}`

const globexText = `- id: globex
  displayName: Globex — "partner"
  oidc:
    issuer: https://login.globex.example
    audiences:
      - no
      - "0123"
    login:
      clientID: "0123"
  emailDomains:
    - globex.example
`

func TestAnEntryIsWrittenAsPeopleWould(t *testing.T) {
	if got, err := yamlfile.Entry(json.RawMessage(globex)); err != nil || got != globexText {
		t.Errorf("%v\n%s", err, got)
	}
	for _, raw := range []string{``, `[]`, `{}`, `"x"`, `{`, `{"a":"\u202e"}`, `{"a":"x\ny"}`, strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)} {
		if text, err := yamlfile.Entry(json.RawMessage(raw)); err == nil {
			t.Errorf("%s: %s", raw, text)
		}
	}
}

// TestAnEntrySaysNothingBesideItself, however its texts look.
func TestAnEntrySaysNothingBesideItself(t *testing.T) {
	for _, text := range []string{"a: b", "- x", "# c", "&a", "*a", "!!int 1", "{{x}}", "null", "~", "1e3", "---", "...", "'", `"`, " x ", "x: |", "%TAG", "<<"} {
		raw, err := json.Marshal(map[string]string{"id": text})
		if err != nil {
			t.Fatal(err)
		}
		entry, err := yamlfile.Entry(raw)
		if err != nil {
			t.Fatal(err)
		}
		if faults := yamlfile.Beside(entry, federation.Draft{}, federation.Options{}); len(faults) == 0 || strings.Contains(faults[0].Cause, "no YAML") {
			t.Errorf("%q: %s %v", text, entry, faults)
		}
	}
}

const before = `# Acme's
identityProviders:
  - id: okta      # the main one
    displayName: Okta
    saml: {metadataURL: "https://acme.okta.example/metadata"}
    # until 2027

  # accounts of ours
accounts:
  - {id: "1234567890123456"}
`

func TestAnEntryIsInsertedAndAllElseStays(t *testing.T) {
	text := func(indent string) string {
		return indent + strings.TrimSuffix(strings.ReplaceAll(globexText, "\n", "\n"+indent), indent)
	}
	flush := strings.ReplaceAll(before[:strings.Index(before, "\n  # accounts")], "\n  ", "\n")
	for name, tt := range map[string]struct {
		file, upTo, indent string
		line               int
	}{
		"before what follows":        {before, "    # until 2027\n", "  ", 7},
		"at the end":                 {"accounts: []\nidentityProviders:\n    - id: okta\n      displayName: Okta\n\n\n", "displayName: Okta\n", "    ", 5},
		"at the end of a list flush": {flush + "accounts: []\n# c\n", "  # until 2027\n", "", 7},
		"before the document's end":  {"identityProviders:\n- id: okta\n...\n", "- id: okta\n", "", 3},
	} {
		at := strings.Index(tt.file, tt.upTo) + len(tt.upTo)
		want := tt.file[:at] + text(tt.indent) + tt.file[at:]
		got, line, err := yamlfile.Insert([]byte(tt.file), globexText)
		if err != nil || string(got) != want || line != tt.line {
			t.Errorf("%s: %v, line %d\n%s\nwant\n%s", name, err, line, got, want)
		}
		crlf := strings.ReplaceAll(tt.file, "\n", "\r\n")
		if got, _, err := yamlfile.Insert([]byte(crlf), globexText); err != nil || string(got) != strings.ReplaceAll(want, "\n", "\r\n") {
			t.Errorf("%s, by Windows: %v\n%q", name, err, got)
		}
	}
	const open = "identityProviders:\n  - id: okta"
	if got, line, err := yamlfile.Insert([]byte(open), globexText); err != nil || string(got) != open+"\n"+strings.TrimSuffix(text("  "), "\n") || line != 3 {
		t.Errorf("%v, %d, %q", err, line, got)
	}
	with, _, err := yamlfile.Insert([]byte(before), globexText)
	if err != nil {
		t.Fatal(err)
	}
	revision, faults := yamlfile.Parse(with, fstest.MapFS{}, federation.Options{})
	if idps := revision.IdentityProviders(); len(faults) > 0 || len(idps) != 2 || idps[1].ID != "globex" || idps[1].OIDC.Audiences[1] != "0123" {
		t.Errorf("%v %+v", faults, idps)
	}
}

func TestAListThatIsNotInLinesIsLeftAlone(t *testing.T) {
	for _, file := range []string{
		"", "accounts: []\n", "identityProviders: []\n", "identityProviders: [{id: okta}]\n", "{identityProviders: [{id: okta}]}\n",
		"identityProviders:\n", "identityProviders: okta\n", "rules: identityProviders\n", "- identityProviders\n", "a: [\n",
	} {
		if got, _, err := yamlfile.Insert([]byte(file), globexText); err == nil {
			t.Errorf("%q: %s", file, got)
		}
	}
}

func TestAnEntryIsJudgedBesideTheFederation(t *testing.T) {
	revision, faults := yamlfile.Parse([]byte(before), fstest.MapFS{}, federation.Options{})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	there, err := revision.Draft()
	if err != nil {
		t.Fatal(err)
	}
	if faults := yamlfile.Beside(globexText, there, federation.Options{}); len(faults) > 0 {
		t.Errorf("%v", faults)
	}
	for entry, want := range map[string]string{
		strings.Replace(globexText, "id: globex", "id: okta", 1):                                   `two identity providers have the id "okta"`,
		strings.Replace(globexText, "https:", "http:", 1):                                          "issuer",
		"- id: globex\n  saml: {metadataFile: ../../secrets.xml}\n":                                "no path below",
		strings.Replace(globexText, "displayName", "displayname", 1):                               "2:3: unknown key",
		"- id: globex\n  saml: {metadataURL: \"https://acme.okta.example/metadata\"}\n  x: &a b\n": "anchor",
	} {
		faults := yamlfile.Beside(entry, there, federation.Options{})
		var all []string
		for _, f := range faults {
			all = append(all, f.String())
		}
		if !strings.Contains(strings.Join(all, "\n"), want) {
			t.Errorf("%s\n%q, want %q", entry, all, want)
		}
	}
}
