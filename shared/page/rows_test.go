package page_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/fc-sso/fc-sso/shared/page"
)

// hostile is text that would be more than text, wherever it is not escaped.
const hostile = `</b><script>alert(1)</script>"' onload='x' &amp; \u003c` + "\x00`"

// TestNothingInARowIsMoreThanText, whatever a rule, an alias or a role is called.
func TestNothingInARowIsMoreThanText(t *testing.T) {
	role := page.Role{
		Name: hostile, ARN: hostile, Link: hostile, Rule: hostile, Account: hostile, AccountID: hostile,
		Length: page.Length{Lasts: time.Hour, Rule: 2 * time.Hour, By: "role"},
	}
	body, _ := render(t, pages(t, page.Brand{}), "/", page.Roles{
		Favourites: []page.Role{role}, Count: 1, Accounts: []page.Account{{Alias: hostile, ID: hostile, Roles: []page.Role{role}}},
	})
	if strings.Contains(body, "<script>") || strings.Contains(body, "alert(1)<") {
		t.Fatalf("a value became markup:\n%s", body)
	}
	shown := strings.ReplaceAll(hostile, "\x00", "\ufffd")
	values := 0
	for _, element := range elements(t, body) {
		for _, a := range element.Attr {
			switch a.Name.Local {
			case "onload":
				t.Errorf("a value became an attribute of %s", element.Name.Local)
			case "href":
				if strings.Contains(a.Value, "alert") {
					t.Errorf("a link leads to %s", a.Value)
				}
			case "value", "data-find", "aria-label", "id":
				if strings.Contains(a.Value, shown) {
					values++
				}
			}
		}
	}
	// Twice three labels and two values, the words to find it by, an ID for its row and
	// one for its account.
	if values != 13 {
		t.Errorf("%d values arrived as they are, want 13:\n%s", values, body)
	}
}

// TestWhateverStandsInARowThePageStaysAsItIs: no value changes what elements and attributes
// there are, however it is put together, and each arrives as it was.
func TestWhateverStandsInARowThePageStaysAsItIs(t *testing.T) {
	p, random := pages(t, page.Brand{}), rand.New(rand.NewPCG(9, 500))
	list := func(word func() string) page.Roles {
		role := page.Role{
			Name: word(), ARN: word(), Link: "/go/" + nasty(random), Rule: word(), Account: word(), AccountID: word(),
			Length: page.Length{Lasts: time.Hour, Rule: time.Hour, By: "rule"},
		}
		return page.Roles{
			Count: 1, Favourites: []page.Role{role}, Recent: []page.Role{role}, Accounts: []page.Account{{Alias: word(), ID: word(), Roles: []page.Role{role}}},
			Nearly: []page.Nearly{{Account: word(), AccountID: word(), Name: word(), Rule: word(), Needs: []page.Need{{Kind: "value", Attribute: word(), Values: []string{word(), word()}, More: 1}}}},
		}
	}
	plain, _ := render(t, p, "/", list(func() string { return "x" }))
	want, _ := shape(t, plain)
	for range 100 {
		var values []string
		body, _ := render(t, p, "/", list(func() string {
			values = append(values, nasty(random))
			return values[len(values)-1]
		}))
		got, said := shape(t, body)
		if got != want {
			t.Fatalf("%q made of the page\n%s, not\n%s", values, got, want)
		}
		for _, value := range values {
			if !strings.Contains(said, asShown(value)) {
				t.Fatalf("%q is not there as it is", value)
			}
		}
	}
}

// nasty is text of what means something in HTML, in addresses, in texts with places, or
// in no encoding at all.
func nasty(random *rand.Rand) string {
	words := []string{
		"<", ">", `"`, "'", "`", "&", "=", "/", "//", `\`, "--", "<!--", "-->", "]]>", "</b>", "</li>", "</form>", "</textarea>", "<script>", "</script>", "<base href=//evil.example>",
		"&quot;", "&#34", "&lt", "&amp;", "&NewLine;", " onload=", " formaction=//evil.example ", "javascript:", "%s", "%!", "{{.}}", "${x}",
		"\x00", "\x0c", "\n", "\r", "\t", "\x7f", "\xff", "\xc3", "\xe2\x80", "\xf0\x9f", "\u2028", "\u202e", "\ufeff", "\ufffd", "\uff1c", "x", "张", " ",
	}
	text := "x" // where there is nothing there is less of a page
	for range 1 + random.IntN(6) {
		text += words[random.IntN(len(words))]
	}
	return text + "x"
}

// asShown is text as a browser shows it that reads UTF-8, less what XML has no place for.
func asShown(text string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\r':
			return '\n'
		case c < ' ' && c != '\n' && c != '\t', c == '\ufffe', c == '\uffff':
			return utf8.RuneError
		}
		return c
	}, text)
}

// shape is what elements with what attributes a page has, and all that stands in them.
func shape(t *testing.T, body string) (shape, said string) {
	t.Helper()
	var tags, values strings.Builder
	for _, element := range elements(t, asShown(body)) {
		tags.WriteString("<" + element.Name.Local)
		for _, a := range element.Attr {
			tags.WriteString(" " + a.Name.Local)
			values.WriteString(a.Value + "\n")
		}
	}
	return tags.String(), values.String() + html.UnescapeString(asShown(body))
}

// elements are the start tags of a page, read by somebody who knows nothing of how it was
// written.
func elements(t *testing.T, body string) []xml.StartElement {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(body))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var all []xml.StartElement
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok {
			all = append(all, start.Copy())
		}
	}
}

// TestARowLeadsToOurOwnPages alone.
func TestARowLeadsToOurOwnPages(t *testing.T) {
	for link, want := range map[string]string{
		"/go/acme-prod/admin": "/go/acme-prod/admin", "/go/a%20b/c?to=x&y": "/go/a%20b/c?to=x&y",
		"//evil.example/": "/", `/\evil.example/`: "/", "/\t/evil.example": "/", "https://evil.example/": "/", "javascript:alert(1)": "/", "": "/",
	} {
		body, _ := render(t, pages(t, page.Brand{}), "/", page.Roles{Count: 1, Accounts: []page.Account{{ID: "1", Roles: []page.Role{{Name: "x", Link: link}}}}})
		if !strings.Contains(body, `<a href="`+html.EscapeString(want)+`" aria-label="Open the console as x in 1"`) {
			t.Errorf("%q: not %q:\n%s", link, want, body)
		}
	}
}

// TestAStarSaysWhatItDoes, so that a click too many changes nothing.
func TestAStarSaysWhatItDoes(t *testing.T) {
	body, _ := render(t, pages(t, page.Brand{}), "/", examples()["roles"])
	for _, want := range []string{
		`<button formaction="/favourite" aria-pressed="true" name="off" value="acs:ram::1234567890123456:role/admin" aria-label="Favourite: admin in acme-prod">`,
		`<button formaction="/favourite" aria-pressed="false" name="on" value="acs:ram::1234567890123456:role/readonly" aria-label="Favourite: readonly in acme-prod">`,
		`<button name="role" value="acs:ram::1234567890123456:role/admin" aria-label="Credentials of admin in acme-prod">`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s:\n%s", want, body)
		}
	}
}

func TestARoleHasAPlaceOnThePage(t *testing.T) {
	const arn = "acs:ram::1234567890123456:role/admin"
	place := page.RolePlace(arn)
	body, _ := render(t, pages(t, page.Brand{}), "/", examples()["roles"])
	if place != "#1234567890123456-admin" || strings.Count(body, `id="1234567890123456-admin"`) != 1 {
		t.Errorf("its place is %s:\n%s", place, body)
	}
}

// many is the list of somebody who has ten roles in each of fifty accounts.
func many() page.Roles {
	v := page.Roles{Person: "ada@acme.com", IdP: "Okta", Ends: now.Add(7 * time.Hour), Idle: now.Add(time.Hour), Token: strings.Repeat("token", 17), Count: 500}
	for a := range 50 {
		account := page.Account{Alias: fmt.Sprintf("acme-%s-%02d", []string{"prod", "dev", "test"}[a%3], a), ID: fmt.Sprint(1234567890123456 + a*7919)}
		for _, name := range []string{"admin", "audit", "billing", "deploy", "dev", "network", "readonly", "security", "sre", "support"} {
			account.Roles = append(account.Roles, page.Role{
				Name: name, ARN: "acs:ram::" + account.ID + ":role/" + name, Link: "/go/" + account.Alias + "/" + name,
				Rule: "the " + name + " team works in its accounts", Length: page.Length{Lasts: time.Hour, Rule: time.Hour, By: "rule"},
			})
		}
		v.Accounts = append(v.Accounts, account)
	}
	return v
}

func BenchmarkRoles(b *testing.B) {
	p, err := page.New("https://sso.acme.com", page.Brand{Name: "Acme Cloud"})
	if err != nil {
		b.Fatal(err)
	}
	v, size := many(), 0
	for b.Loop() {
		rendered, err := p.Render(get("/"), now, v)
		if err != nil {
			b.Fatal(err)
		}
		size = len(rendered.Body)
	}
	b.ReportMetric(float64(size), "B/page")
}
