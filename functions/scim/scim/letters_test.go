package scim_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestNamesAreTheSameInAnyLetters (RFC 7643 section 2.1), and what only a server writes
// spoils nothing that is sent along with it.
func TestNamesAreTheSameInAnyLetters(t *testing.T) {
	w := newWorld(t)
	token := w.token("okta")
	ada := w.made(token, users, `{"USERNAME":"ada"}`)
	sre := groups + "/" + w.made(token, groups, `{"displayname":"SRE"}`)
	w.want(204, w.ask(token, http.MethodPatch, sre, change(`{"OP":"Add","Path":"Members","Value":[{"Value":"`+ada+`"}]}`)))
	if got := w.ask(token, http.MethodGet, sre, ""); !strings.Contains(got.text, ada) {
		t.Errorf("%s", got.text)
	}
	w.want(400, w.ask(token, http.MethodPatch, sre, change(`{"op":"add","path":"members","value":[{"Value":"x","Type":"group"}]}`)))
	got := w.ask(token, http.MethodPatch, users+"/"+ada, change(`{"op":"replace","value":{"active":false,"groups":[],"id":"x","Meta":{},"schemas":[]}}`))
	if got.status != 200 || !strings.Contains(got.text, `"active":false`) {
		t.Errorf("%d %s", got.status, got.text)
	}
}
