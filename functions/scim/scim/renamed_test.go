package scim_test

import (
	"net/http"
	"testing"
)

// TestANameThatIsTakenAgainIsNotFreed has somebody renamed back before the name that they
// had was given up.
func TestANameThatIsTakenAgainIsNotFreed(t *testing.T) {
	w := newWorld(t)
	token := w.token("okta")
	path := users + "/" + w.made(token, users, `{"userName":"ada"}`)
	rename := func(name string) {
		t.Helper()
		w.want(200, w.ask(token, http.MethodPatch, path, change(`{"op":"replace","path":"userName","value":"`+name+`"}`)))
	}
	w.store.frees = func() { rename("ada") }
	rename("ada.lovelace")
	w.want(409, w.ask(token, http.MethodPost, users, `{"userName":"ada"}`))
	w.made(token, users, `{"userName":"ada.lovelace"}`)
	rename("countess")
	w.made(token, users, `{"userName":"ada"}`)
}
