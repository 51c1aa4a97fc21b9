package scripts_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/config"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/federation/yamlfile"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate"
)

var update = flag.Bool("update", false, "write the generated tables into README.md")

// TestTheReadmeTablesAreTrue compares the generated tables of the README with
// what the code says; -update writes them.
func TestTheReadmeTablesAreTrue(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	for name, table := range map[string]string{
		"reasons": reasonTable(), "alerts": alertTable(), "settings": settingTable(), "presets": presetTable(), "findings": findingTable(), "lengths": lengthTable(), "keys": keyTable(), "checks": checkTable(validate.Checks()), "logout": checkTable(validate.LogoutChecks()), "tokens": checkTable(validate.TokenChecks()),
	} {
		if want, err = replaceBetween(want, name, table); err != nil {
			t.Fatal(err)
		}
	}
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatal("README.md has stale tables; run: go test ./scripts -update")
	}
	if err := os.WriteFile("../README.md", []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
}

func reasonTable() string {
	var b strings.Builder
	b.WriteString("| code | status | who can mend it | look at |\n|---|---|---|---|\n")
	for _, row := range reason.Table() {
		fmt.Fprintf(&b, "| `%s` | %d | %s | %s |\n", row.Code, row.Status, strings.ReplaceAll(string(row.Mender), "_", " "), row.Hint)
	}
	return b.String()
}

func alertTable() string {
	var b strings.Builder
	b.WriteString("| kind | severity | when | what to do |\n|---|---|---|---|\n")
	for _, row := range alert.Table() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", row.Kind, row.Severity, row.When, row.Do)
	}
	return b.String()
}

func settingTable() string {
	var b strings.Builder
	b.WriteString("| setting | default | what it is |\n|---|---|---|\n")
	for _, s := range config.Settings() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Name, s.Default, s.Meaning)
	}
	return b.String()
}

// lengthTable has a rule that gives 8 hours, and less for each other reason.
func lengthTable() string {
	var b strings.Builder
	b.WriteString("| `duration_by` | what decided | the sentence |\n|---|---|---|\n")
	for _, row := range mapping.Bounds() {
		why := page.Why(page.English, page.Length{Lasts: 2 * time.Hour, Rule: 8 * time.Hour, By: string(row.Bound)})
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", row.Bound, row.Meaning, why)
	}
	return b.String()
}

func findingTable() string {
	var b strings.Builder
	b.WriteString("| finding | severity | what it says |\n|---|---|---|\n")
	for _, c := range federation.LintChecks() {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Code, c.Severity, c.Meaning)
	}
	return b.String()
}

// keyTable has the keys of a federation file, each below its parent.
func keyTable() string {
	var b strings.Builder
	b.WriteString("| key | what stands there | what it means |\n|---|---|---|\n")
	for _, key := range yamlfile.Keys() {
		kind := key.Kind
		if len(key.Values) > 0 {
			kind = "`" + strings.Join(key.Values, "`, `") + "`"
		}
		if key.Needed {
			kind += ", needed"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", key.Path, kind, key.Means)
	}
	return b.String()
}

func presetTable() string {
	var b strings.Builder
	b.WriteString("| preset | speaks | sets | `email` | `groups` | `name` | at the identity provider |\n|---|---|---|---|---|---|---|\n")
	for _, p := range federation.Presets() {
		if side := p.SAML; side != nil {
			sets := "`clockSkew: " + strings.TrimSuffix(side.ClockSkew.String(), "0s") + "`"
			b.WriteString(presetRow(p, "saml", sets, side.Attributes, side.Note))
		}
		if side := p.OIDC; side != nil {
			b.WriteString(presetRow(p, "oidc", settings(side), side.Attributes, side.Note))
		}
	}
	return b.String()
}

func presetRow(p federation.Preset, kind, sets string, attributes map[string]string, note string) string {
	return fmt.Sprintf("| `%s` %s | `%s` | %s | %s | %s | %s | %s |\n",
		p.Name, p.Product, kind, sets, code(attributes["email"]), code(attributes["groups"]), code(attributes["name"]), note)
}

func settings(p *federation.OIDCPreset) string {
	var sets []string
	if p.Issuer != "" {
		sets = append(sets, "`issuer: "+p.Issuer+"`")
	}
	if p.TokenUse != "" {
		sets = append(sets, "`tokenUse: "+p.TokenUse+"`")
	}
	return strings.Join(sets, ", ")
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}

func checkTable(checks []validate.Check) string {
	var b strings.Builder
	b.WriteString("| check | demands |\n|---:|---|\n")
	for _, check := range checks {
		fmt.Fprintf(&b, "| %d | %s |\n", check.Number, check.Name)
	}
	return b.String()
}

// replaceBetween puts table between the markers <!-- name --> and <!-- /name -->.
func replaceBetween(text, name, table string) (string, error) {
	begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
	head, rest, ok := strings.Cut(text, begin)
	_, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return "", fmt.Errorf("there are no markers of %q", name)
	}
	return head + begin + table + end + tail, nil
}
