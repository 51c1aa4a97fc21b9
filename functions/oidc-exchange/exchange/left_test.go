package exchange_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// stands has an event at this second say whether a person has left.
func (b *bench) stands(t *testing.T, idp, person string, left bool, second int64) {
	t.Helper()
	order := lifecycle.Order{At: time.Unix(second, 0), Key: "key"}
	if err := b.people.Standing(t.Context(), idp, person, left, order, validatetest.Now()); err != nil {
		t.Fatal(err)
	}
	b.people.Calls()
}

const workload = "repo:acme/shop:ref:refs/heads/main"

func TestTokensOfWhoHasLeftAreNotExchanged(t *testing.T) {
	b := newBench(t, func(b *bench) {
		validatetest.ForLogin(&b.source)
		b.source.OIDC.Exchange = true
	})
	b.stands(t, "issuer", workload, true, 1)
	w := b.exchange(t, nil)
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"code":"person_left"`) || len(b.grants) > 0 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	w = b.post(t, "/sts", b.call(map[string]string{"OIDCToken": b.issuer.Token(map[string]any{"jti": "at /sts"})}).Encode())
	if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "(person_left: ") || len(b.grants) > 0 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	b.stands(t, "issuer", workload, false, 2)
	if w := b.exchange(t, map[string]string{"subject_token": b.issuer.Token(map[string]any{"jti": "back"})}); w.Code != http.StatusOK || b.people.Calls()["left"] != 1 {
		t.Errorf("back again: %d %s", w.Code, w.Body)
	}
	b.people.Break(reason.New(reason.StoreUnavailable, "down"))
	if w := b.exchange(t, map[string]string{"subject_token": b.issuer.Token(map[string]any{"jti": "silence"})}); w.Code != http.StatusServiceUnavailable {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestWorkloadsDoNotLeave: nobody is asked about them, at no cost.
func TestWorkloadsDoNotLeave(t *testing.T) {
	b := newBench(t)
	b.stands(t, "issuer", workload, true, 1)
	if w := b.exchange(t, nil); w.Code != http.StatusOK || len(b.people.Calls()) > 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestResponsesOfWhoHasLeftAreNotTaken(t *testing.T) {
	b := newSAMLBench(t)
	b.stands(t, "test", "ada@acme.com", true, 1)
	w := b.assume(t, b.response(validatetest.Subject("ada@acme.com")), nil)
	if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "(person_left: ") || len(b.grants) > 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := b.assume(t, b.response(validatetest.Subject("bob@acme.com")), nil); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
