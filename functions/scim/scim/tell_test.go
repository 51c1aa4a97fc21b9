package scim_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// TestWhatWasNotToldIsToldByWhoComesNext has the inbox down at each kind of write.
func TestWhatWasNotToldIsToldByWhoComesNext(t *testing.T) {
	w := newWorld(t)
	token := w.token("okta")
	down := func(method, path, body string) {
		t.Helper()
		w.deaf = reason.New(reason.StoreUnavailable, "it is down")
		got := w.ask(token, method, path, body)
		if w.deaf = nil; got.status != 503 || got.header.Get("Retry-After") == "" || len(w.told()) > 0 {
			t.Errorf("%s %s: %d %s", method, path, got.status, got.text)
		}
	}
	wants := func(lines ...string) {
		t.Helper()
		var told []string
		for _, e := range w.told() {
			told = append(told, describe(e))
		}
		if fmt.Sprint(told) != fmt.Sprint(lines) {
			t.Errorf("told %q, not %q", told, lines)
		}
	}
	const ada, inactive = `{"userName":"ada","title":"Dr"}`, `{"Operations":[{"op":"replace","path":"active","value":false}]}`
	down(http.MethodPost, users, ada)
	id := w.made(token, users, ada) // the same request again is the same person
	wants("person " + id + " active ada")
	w.want(409, w.ask(token, http.MethodPost, users, ada))

	path := users + "/" + id
	down(http.MethodPatch, path, inactive)
	w.want(200, w.ask(token, http.MethodPatch, path, inactive))
	wants("person " + id + " inactive ada")
	down(http.MethodPatch, path, `{"Operations":[{"op":"replace","path":"title","value":"Prof"}]}`)
	w.want(200, w.ask(token, http.MethodGet, users, ""))
	wants("person " + id + " inactive ada")
	down(http.MethodPatch, path, `{"Operations":[{"op":"replace","path":"active","value":true}]}`)
	w.want(200, w.ask(token, http.MethodGet, path, ""))
	wants("person " + id + " active ada")
	w.want(200, w.ask(token, http.MethodGet, path, ""))
	wants()

	sre := w.made(token, groups, `{"displayName":"SRE"}`)
	w.told()
	down(http.MethodPatch, groups+"/"+sre, `{"Operations":[{"op":"add","path":"members","value":[{"value":"`+id+`"}]}]}`)
	w.want(204, w.ask(token, http.MethodPatch, groups+"/"+sre, `{"Operations":[{"op":"remove","path":"members"}]}`))
	wants("group "+sre+" SRE", "member "+id+" in "+sre, "group "+sre+" SRE", "member "+id+" out "+sre)

	w.made(token, groups, `{"displayName":"Ops","members":[{"value":"`+id+`"}]}`)
	w.told()
	down(http.MethodDelete, path, "")
	w.want(204, w.ask(token, http.MethodDelete, path, ""))
	if told := w.told(); len(told) < 3 || describe(told[0]) != "person "+id+" gone ada" {
		t.Errorf("%+v", told)
	}
	w.want(404, w.ask(token, http.MethodDelete, path, ""))
	w.made(token, users, ada) // the name is free
}

func TestEachVersionTellsOneNewerEvent(t *testing.T) {
	w := newWorld(t)
	token := w.token("okta")
	id := w.made(token, users, `{"userName":"ada"}`)
	for i := range 5 {
		if i == 3 {
			w.pass(-time.Hour) // another instance's clock
		}
		w.want(200, w.ask(token, http.MethodPatch, users+"/"+id, fmt.Sprintf(`{"Operations":[{"op":"replace","path":"title","value":"%d"}]}`, i)))
	}
	w.want(204, w.ask(token, http.MethodDelete, users+"/"+id, ""))
	told := w.told()
	for i := 1; i < len(told); i++ {
		if !told[i].Order.At.After(told[i-1].Order.At) || told[i].Key == told[i-1].Key {
			t.Errorf("%+v is not after %+v", told[i].Order, told[i-1].Order)
		}
	}
	if len(told) != 7 || told[6].Person.Status != lifecycle.Gone {
		t.Errorf("%d events", len(told))
	}
}

func TestProvisioningIsCalledAndNotWaitedFor(t *testing.T) {
	w := newWorld(t)
	token := w.token("okta")
	w.asleep = errors.New("no answer")
	id := w.made(token, users, `{"userName":"ada"}`)
	if len(w.woken) != 1 || len(w.woken[0]) != 1 || w.woken[0][0] != (lifecycle.Subject{IdP: "okta", Kind: lifecycle.KindPerson, ID: id}) {
		t.Errorf("%+v", w.woken)
	}
	if !strings.Contains(w.log.String(), "provisioning was not called") {
		t.Errorf("%s", w.log)
	}
}
