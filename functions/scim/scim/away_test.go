package scim_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
)

func change(operation string) string { return `{"Operations":[` + operation + `]}` }

func TestNoLeaverComesBackByWhatIsNotSaid(t *testing.T) {
	w := newWorld(t)
	token := w.token("okta")
	path := users + "/" + w.made(token, users, `{"userName":"ada","active":false}`)
	w.told()
	for _, operation := range []string{
		`{"op":"replace","path":"active","value":null}`, `{"op":"remove","path":"active"}`, `{"op":"replace","value":{"active":null}}`,
	} {
		if got := w.ask(token, http.MethodPatch, path, change(operation)); got.status != 200 || !strings.Contains(got.text, `"active":false`) {
			t.Errorf("%s: %d %s", operation, got.status, got.text)
		}
	}
	for _, body := range []string{`{"userName":"ada"}`, `{"userName":"ada","active":null}`} {
		if got := w.ask(token, http.MethodPut, path, body); got.status != 200 || !strings.Contains(got.text, `"active":false`) {
			t.Errorf("%s: %d %s", body, got.status, got.text)
		}
	}
	if told := w.told(); len(told) > 0 {
		t.Errorf("%+v", told)
	}
	w.want(200, w.ask(token, http.MethodPatch, path, change(`{"op":"replace","path":"active","value":"True"}`)))
	if told := w.told(); len(told) != 1 || told[0].Person.Status != lifecycle.Active {
		t.Errorf("%+v", told)
	}
}

// TestWhoGoesWithTheirNameIsTold: what sign-ins call them is as it was.
func TestWhoGoesWithTheirNameIsTold(t *testing.T) {
	w := newWorld(t)
	token := w.token("okta")
	path := users + "/" + w.made(token, users, `{"userName":"ada"}`)
	w.told()
	const nameless = `{"op":"replace","path":"userName","value":"nameless"}`
	w.want(400, w.ask(token, http.MethodPatch, path, change(nameless)))
	w.want(200, w.ask(token, http.MethodPatch, path, change(nameless+`,{"op":"replace","path":"active","value":false}`)))
	if told := w.told(); len(told) != 1 || told[0].Person.Status != lifecycle.Inactive || told[0].Person.Person != "ada" {
		t.Errorf("%+v", told)
	}
	w.want(400, w.ask(token, http.MethodPatch, path, change(`{"op":"replace","path":"active","value":true}`)))
}
