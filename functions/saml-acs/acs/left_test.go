package acs_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// stands has an event at this second say whether a person of a record has left.
func (s *stage) stands(t *testing.T, idp, person string, left bool, second int64) {
	t.Helper()
	order := lifecycle.Order{At: time.Unix(second, 0), Key: "key"}
	if err := s.known.Standing(t.Context(), idp, person, left, order, s.now); err != nil {
		t.Fatal(err)
	}
}

// arrives posts a new response for somebody.
func (s *stage) arrives(options ...validatetest.Option) answer {
	response := s.idp.Response(append(options, validatetest.For(expectation("initiated", "")))...)
	return s.do(post("initiated", form("SAMLResponse", response)))
}

func TestWhoHasLeftDoesNotSignIn(t *testing.T) {
	s := newStage(t)
	ada := validatetest.Subject("ada@acme.com")
	s.stands(t, "test", "ada@acme.com", true, 1) // somebody else's Ada
	if a := s.arrives(ada); a.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Code, s.log)
	}
	s.stands(t, "initiated", "ada@acme.com", true, 1)
	s.rows.Calls()
	s.known.Calls()
	wantRefusal(t, s.arrives(ada), reason.PersonLeft)
	if calls := s.rows.Calls(); len(calls) > 0 || s.known.Calls()["left"] != 1 {
		t.Errorf("a session was begun, or they were asked about more than once: %v", calls)
	}
	if a := s.arrives(validatetest.Subject("bob@acme.com")); a.Code != http.StatusSeeOther {
		t.Errorf("Bob: %d %s", a.Code, s.log)
	}
	s.stands(t, "initiated", "ada@acme.com", false, 2)
	if a := s.arrives(ada); a.Code != http.StatusSeeOther {
		t.Errorf("back again: %d %s", a.Code, s.log)
	}
}

// TestNobodySignsInByAStoresSilence: it may hold the word that they have left.
func TestNobodySignsInByAStoresSilence(t *testing.T) {
	s := newStage(t)
	s.known.Break(reason.New(reason.StoreUnavailable, "down"))
	wantRefusal(t, s.arrives(), reason.StoreUnavailable)
}

// TestWhomNobodyCanTellFromOthersHasNotLeft: no event can have meant them.
func TestWhomNobodyCanTellFromOthersHasNotLeft(t *testing.T) {
	s := newStage(t)
	transient := validatetest.Before(func(response *etree.Element) {
		response.FindElement("//NameID").CreateAttr("Format", "urn:oasis:names:tc:SAML:2.0:nameid-format:transient")
	})
	if a := s.arrives(transient); a.Code != http.StatusSeeOther || len(s.known.Calls()) > 0 {
		t.Errorf("%d %s", a.Code, s.log)
	}
}
