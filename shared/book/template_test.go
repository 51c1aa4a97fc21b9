package book_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/book"
	"github.com/fc-sso/fc-sso/shared/book/booktest"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/federation/yamlfile"
)

// TestEveryExampleIsReadByItsParts: whatever a rule may name, a sign-in finds.
func TestEveryExampleIsReadByItsParts(t *testing.T) {
	var files []string
	for _, pattern := range []string{"../../template/*.yaml", "../../template/examples/*.yaml", "../../template/examples/*/*.yaml"} {
		some, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, some...)
	}
	if len(files) == 0 {
		t.Fatal("there is no example")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		whole, faults := yamlfile.Parse(text, os.DirFS(filepath.Dir(file)), federation.Options{})
		if len(faults) > 0 {
			t.Fatalf("%s: %v", file, faults)
		}
		readParts(t, file, whole)
	}
}

func readParts(t *testing.T, file string, whole federation.Revision) {
	t.Helper()
	draft, err := whole.Draft()
	if err != nil {
		t.Fatal(err)
	}
	shelf := &booktest.Shelf{}
	shelf.Put(t, draft)
	reading, err := book.New(shelf, time.Now).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rules := 0
	for _, s := range whole.IdentityProviders() {
		part, err := reading.Part(t.Context(), s.ID)
		if err != nil {
			t.Errorf("%s: %s: %v", file, s.ID, err)
		}
		rules += len(part.Rules())
	}
	if rules != len(whole.Rules()) || reading.ID() != whole.ID() {
		t.Errorf("%s: the parts have %d rules of %d", file, rules, len(whole.Rules()))
	}
}
