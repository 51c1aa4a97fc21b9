package page

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/reason"
)

func TestTheCatalogueHasEveryTextInBothLanguages(t *testing.T) {
	verb := regexp.MustCompile(`%[a-z]`)
	for key, text := range catalogue() {
		if text.en == "" || text.zh == "" {
			t.Errorf("%s lacks a language: %+v", key, text)
		}
		if en, zh := verb.FindAllString(text.en, -1), verb.FindAllString(text.zh, -1); strings.Join(en, "") != strings.Join(zh, "") {
			t.Errorf("%s has other values in one language than in the other: %v, %v", key, en, zh)
		}
	}
}

func TestEveryReasonHasASentence(t *testing.T) {
	texts := catalogue()
	for _, row := range reason.Table() {
		if _, ok := texts["reason."+string(row.Code)]; !ok {
			t.Errorf("%s has no sentence", row.Code)
		}
		if _, ok := texts["refusal."+string(row.Mender)]; !ok {
			t.Errorf("%s has no words for its mender, %s", row.Code, row.Mender)
		}
	}
	for code := range sentences() {
		if reason.Lookup(code).Code != code {
			t.Errorf("%s has a sentence but is no reason", code)
		}
	}
}

// What templates and code name is in the catalogue, and the catalogue holds
// nothing that nobody names.
func TestTheCatalogueIsWhatThePagesUse(t *testing.T) {
	texts := catalogue()
	used := map[string]bool{}
	named := regexp.MustCompile(`(?:\.[TN] |f\.[TN]\()"([a-z.0-9_]+)"|title: "([a-z.]+)"`)
	for _, source := range sources(t) {
		for _, m := range named.FindAllStringSubmatch(source, -1) {
			used[m[1]+m[2]] = true
		}
	}
	for key := range used {
		if _, ok := texts[key]; !ok && !strings.HasSuffix(key, ".") {
			t.Errorf("%q is used but not in the catalogue", key)
		}
	}
	for key := range texts {
		group, _, _ := strings.Cut(key, ".")
		if group == "reason" || group == "refusal" || used[strings.TrimSuffix(key, ".one")] {
			continue
		}
		t.Errorf("%q is in the catalogue but nobody uses it", key)
	}
}

func sources(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"templates/*.html", "*.go"} {
		names, err := fs.Glob(os.DirFS("."), pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(text))
		}
	}
	return all
}
