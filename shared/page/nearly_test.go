package page_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/page"
)

// nearly is one row of each kind of need.
func nearly() []page.Nearly {
	return []page.Nearly{
		{Account: "acme-prod", AccountID: "1234567890123456", Name: "admin", Rule: "platform engineers <b>", Needs: []page.Need{{Kind: "value", Attribute: "groups", Values: []string{"platform", "sre"}}}},
		{AccountID: "2345678901234567", Name: "dev", Needs: []page.Need{{Kind: "value", Attribute: "department", Values: []string{"a", "b", "c", "d", "e"}, More: 7}, {Kind: "network"}, {Kind: "time"}}},
		{Account: "acme-dev", AccountID: "3456789012345678", Name: "support", Needs: []page.Need{{Kind: "unsent", Attribute: "groups"}, {Kind: "other"}}},
		{Account: "acme-dev", AccountID: "3456789012345678", Name: "ops", Needs: []page.Need{{Kind: "value", Attribute: "groups", Values: []string{"ops"}, More: 1}}},
	}
}

func TestWhatIsMissingIsSaidInWords(t *testing.T) {
	p := pages(t, page.Brand{Help: "it@acme.com"})
	for lang, want := range map[string][]string{
		"en": {
			"You could ask for", `<a href="mailto:it@acme.com">it@acme.com</a></p>`,
			"<b>acme-prod · admin</b><p><i>platform engineers &lt;b&gt;</i> · needs groups “platform” or “sre”</p></div></li>",
			"needs department “a”, “b”, “c”, “d”, “e” or one of 7 others · not from this network · not at this time</p>",
			"needs groups, which your identity provider did not send · needs other facts about you</p>",
			"needs groups “ops” or one other</p>",
		},
		"zh": {
			"可以申请的角色", "需要 groups 为“platform”或“sre”</p>", "需要 department 为“a”、“b”、“c”、“d”、“e”或其他 7 个值之一 · 当前网络不可用 · 当前时间不可用</p>",
			"需要 groups，但您的身份提供商没有发送 · 需要您的其他信息符合条件</p>", "“ops”或另外 1 个值</p>",
		},
	} {
		body, _ := render(t, p, "/?lang="+lang, page.Roles{Nearly: nearly()})
		for _, text := range want {
			if !strings.Contains(body, text) {
				t.Errorf("%s: the page lacks %s:\n%s", lang, text, body)
			}
		}
	}
}

// TestWhatIsNearlyHadCannotBeTaken: its rows have nothing to click, and a page without any
// says nothing of them.
func TestWhatIsNearlyHadCannotBeTaken(t *testing.T) {
	p := pages(t, page.Brand{})
	section := func(v page.Roles) string {
		body, _ := render(t, p, "/", v)
		_, after, _ := strings.Cut(body, `aria-labelledby="nearly"`)
		inside, _, _ := strings.Cut(after, "</section>")
		return inside
	}
	rows := section(page.Roles{Nearly: nearly()})
	for _, clickable := range []string{"<a ", "<button", "<form", "<input", "tabindex"} {
		if rows == "" || strings.Contains(rows, clickable) {
			t.Errorf("%s in %s", clickable, rows)
		}
	}
	if without := section(page.Roles{}); without != "" {
		t.Errorf("nobody lacks anything: %s", without)
	}
}

// TestWhoHasNoRoleReadsWhatIsNearlyHad, beside why there is none and whom to ask.
func TestWhoHasNoRoleReadsWhatIsNearlyHad(t *testing.T) {
	v := page.Roles{Person: "you@acme.com", IdP: "Okta", Nearly: nearly()}
	body, _ := render(t, pages(t, page.Brand{Help: "it@acme.com"}), "/", v)
	card, rows := strings.Index(body, "there is no role for you yet"), strings.Index(body, "You could ask for")
	if card < 0 || rows < card || !strings.Contains(body, "you@acme.com</code>") {
		t.Errorf("card at %d, rows at %d:\n%s", card, rows, body)
	}
}

// TestRowsThatCannotBeTakenAreLight: a page of 500 roles has room for as many as are told.
func TestRowsThatCannotBeTakenAreLight(t *testing.T) {
	var v page.Roles
	p := pages(t, page.Brand{})
	without, _ := render(t, p, "/", v)
	for i := range 100 {
		v.Nearly = append(v.Nearly, page.Nearly{
			Account: "acme-prod", AccountID: "1234567890123456", Name: fmt.Sprint("role-", i), Rule: "platform engineers administer production",
			Needs: []page.Need{{Kind: "value", Attribute: "groups", Values: []string{"platform", "sre"}}},
		})
	}
	body, _ := render(t, p, "/", v)
	if size := len(body) - len(without); size > 20<<10 {
		t.Errorf("100 rows are %d bytes", size)
	}
}

// TestNothingThatARuleSaysIsMoreThanText, what it is called and what it wants.
func TestNothingThatARuleSaysIsMoreThanText(t *testing.T) {
	body, _ := render(t, pages(t, page.Brand{}), "/", page.Roles{Nearly: []page.Nearly{{
		Account: hostile, AccountID: hostile, Name: hostile, Rule: hostile,
		Needs: []page.Need{{Kind: "value", Attribute: hostile, Values: []string{hostile}}, {Kind: "unsent", Attribute: hostile}, {Kind: hostile}},
	}}})
	if strings.Contains(body, "<script>") || strings.Contains(body, "alert(1)<") {
		t.Fatalf("a value became markup:\n%s", body)
	}
	found := 0
	for _, element := range elements(t, body) {
		for _, a := range element.Attr {
			if a.Name.Local == "onload" {
				t.Errorf("a value became an attribute of %s", element.Name.Local)
			}
			if a.Name.Local == "data-find" {
				found++
			}
		}
	}
	if found != 1 {
		t.Errorf("%d rows are found by their account", found)
	}
}
