package acs_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

func TestAnEncryptedAnswerSignsInByEachOfOurKeys(t *testing.T) {
	s := newStage(t)
	for _, next := range []bool{false, true} {
		response := s.idp.Response(validatetest.For(expectation("initiated", "")), validatetest.Encrypted(validatetest.Encryption{Next: next}))
		a := s.do(post("initiated", form("SAMLResponse", response)))
		if a.Code != http.StatusSeeOther || len(a.cookies()) != 1 {
			t.Errorf("next key %t: %d %.300s", next, a.Code, a.text)
		}
	}
}

// Whoever asks again and again with a changed ciphertext reads one page.
func TestWhatDoesNotOpenIsOnePage(t *testing.T) {
	s := newStage(t)
	for _, e := range []validatetest.Encryption{
		{Content: validatetest.AES256CBC, Plain: func(string) string { return "hello" }},
		{Content: validatetest.AES256CBC, Plain: func(xml string) string { return strings.Replace(xml, "ada@", "bob@", 1) }},
	} {
		response := s.idp.Response(validatetest.For(expectation("initiated", "")), validatetest.Encrypted(e))
		wantRefusal(t, s.do(post("initiated", form("SAMLResponse", response))), reason.DecryptionFailed)
	}
}

func TestMetadataShowsWhatToEncryptFor(t *testing.T) {
	a := newStage(t).do(httptest.NewRequest(http.MethodGet, origin+"/saml/test/metadata", nil))
	if got := strings.Count(a.text, `use="encryption"`); got != 2 {
		t.Errorf("%d keys to encrypt for, want the current one and the next", got)
	}
	if got := strings.Count(a.text, `use="signing"`); got != 2 {
		t.Errorf("%d keys that sign, want the current one and the next", got)
	}
}
