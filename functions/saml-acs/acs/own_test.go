package acs_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// TestWithoutASignatureNobodyIsSentAnywhere: a key that cannot be used ends each way
// on which something of ours would have to be signed.
func TestWithoutASignatureNobodyIsSentAnywhere(t *testing.T) {
	s := newStage(t)
	s.own.err = reason.New(reason.OwnKeysUnavailable, "KMS hangs")
	for _, idp := range []string{"test", "form"} {
		a := s.do(httptest.NewRequest(http.MethodGet, origin+"/saml/"+idp+"/login", nil))
		wantRefusal(t, a, reason.OwnKeysUnavailable)
		if strings.Contains(a.text, "SAMLRequest") || strings.Contains(a.text, "KMS hangs") {
			t.Errorf("%s: a request left, or a detail: %s", idp, a.text)
		}
	}
	s.own.decrypters = nil
	if a := s.do(httptest.NewRequest(http.MethodGet, origin+"/saml/test/metadata", nil)); a.Code != http.StatusServiceUnavailable || strings.Contains(a.text, "EntityDescriptor") {
		t.Errorf("metadata without keys: %d %s", a.Code, a.text)
	}
}

// TestAKeyThatDecryptsIsLookedForWhenAMessageNeedsIt, and then only.
func TestAKeyThatDecryptsIsLookedForWhenAMessageNeedsIt(t *testing.T) {
	s := newStage(t)
	fresh := func(options ...validatetest.Option) *http.Request {
		options = append([]validatetest.Option{validatetest.For(expectation("initiated", ""))}, options...)
		return post("initiated", form("SAMLResponse", s.idp.Response(options...)))
	}
	sealed := validatetest.Encrypted(validatetest.Encryption{})
	s.own.later, s.own.decrypters = s.own.decrypters, nil
	if a := s.do(fresh()); a.Code != http.StatusSeeOther || s.own.asked != 0 {
		t.Errorf("a plain message: %d, asked %d times", a.Code, s.own.asked)
	}
	if a := s.do(fresh(sealed)); a.Code != http.StatusSeeOther || s.own.asked != 1 {
		t.Errorf("the first that is encrypted: %d, asked %d times", a.Code, s.own.asked)
	}
	if a := s.do(fresh(sealed)); a.Code != http.StatusSeeOther || s.own.asked != 1 {
		t.Errorf("the second: %d, asked %d times", a.Code, s.own.asked)
	}
	s.own.decrypters = nil
	wantRefusal(t, s.do(fresh(sealed)), reason.DecryptionFailed)
	s.own.err = reason.New(reason.OwnKeysUnavailable, "KMS hangs")
	wantRefusal(t, s.do(fresh(sealed)), reason.OwnKeysUnavailable)
}
