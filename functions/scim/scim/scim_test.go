package scim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/bearer"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond/respondtest"
)

const users, groups = "/scim/v2/Users", "/scim/v2/Groups"

// made creates a resource and gives its ID.
func (w *world) made(token, path, body string) string {
	w.t.Helper()
	got := w.ask(token, http.MethodPost, path, body)
	if got.status != http.StatusCreated {
		w.t.Fatalf("%d %s", got.status, got.text)
	}
	return got.id()
}

func (a asked) id() string {
	var o struct{ ID string }
	_ = json.Unmarshal([]byte(a.text), &o)
	return o.ID
}

func (w *world) want(status int, got asked) {
	w.t.Helper()
	if got.status != status {
		w.t.Errorf("%d, not %d: %s\n%s", got.status, status, got.text, w.log)
	}
}

func TestWithoutATokenNothingIsTold(t *testing.T) {
	w := newWorld(t)
	good := w.token("okta")
	w.token("entra")
	secret := good[len("scim_okta_"):]
	w.want(200, w.ask("", http.MethodGet, "/scim/healthz", ""))
	for name, token := range map[string]string{
		"none": "", "another": good[:len(good)-1] + "!", "of another": "scim_entra_" + secret, "of nobody": "scim_nobody_" + secret, "no name": "scim__" + secret, "its secret": secret,
	} {
		for _, path := range []string{users, users + "/x", groups, "/scim/v2/Schemas", "/scim/v2/ServiceProviderConfig"} {
			got := w.ask(token, http.MethodGet, path, "")
			if got.status != 401 || got.header.Get("WWW-Authenticate") != `Bearer realm="scim"` || got.header.Get("Content-Type") != "application/scim+json" || !strings.Contains(got.text, `"status":"401","detail":"scim_token: send`) {
				t.Errorf("%s, %s: %d %v %s", name, path, got.status, got.header, got.text)
			}
		}
	}
	w.want(401, w.ask("", http.MethodGet, users, "", "Authorization", "Basic "+good))
	w.want(200, w.ask("", http.MethodGet, users, "", "Authorization", "bearer  "+good))
	if w.asked > 4 { // okta, entra, nobody, and not again for half a minute
		t.Errorf("the store was asked %d times", w.asked)
	}
	if strings.Contains(w.log.String(), secret[:20]) || !strings.Contains(w.log.String(), bearer.Digest(good)) {
		t.Errorf("%s", w.log)
	}
	respondtest.WantAllGuarded(t, w.handler)
}

func TestATokenThatWasTakenBackHoldsForHalfAMinute(t *testing.T) {
	w := newWorld(t)
	token := w.token("okta")
	w.want(200, w.ask(token, http.MethodGet, users, ""))
	w.tokens["okta"] = nil
	w.pass(29 * time.Second)
	w.want(200, w.ask(token, http.MethodGet, users, ""))
	w.pass(time.Second)
	w.want(401, w.ask(token, http.MethodGet, users, ""))
	second := w.token("okta")
	w.pass(-time.Hour) // a clock that was set back
	w.want(200, w.ask(second, http.MethodGet, users, ""))
}

func TestASuspendedProviderPushesNobody(t *testing.T) {
	w := newWorld(t)
	token, gone := w.token("okta"), w.token("removed")
	if got := w.ask(gone, http.MethodGet, users, ""); got.status != 403 || !strings.Contains(got.text, `"status":"403","detail":"idp_unknown: `) {
		t.Errorf("%d %s", got.status, got.text)
	}
	w.suspended = true
	if got := w.ask(token, http.MethodPost, users, `{"userName":"ada"}`); got.status != 403 || !strings.Contains(got.text, `"status":"403","detail":"idp_suspended: `) || len(w.told()) > 0 {
		t.Errorf("%d %s", got.status, got.text)
	}
}

func TestAnotherProvidersTokenSeesNobody(t *testing.T) {
	w := newWorld(t)
	okta, entra := w.token("okta"), w.token("entra")
	ada := w.made(okta, users, `{"userName":"ada","externalId":"1","title":"Dr"}`)
	sre := w.made(okta, groups, `{"displayName":"SRE","members":[{"value":"`+ada+`"}]}`)
	w.told()
	for _, path := range []string{users + "/" + ada, groups + "/" + sre} {
		w.want(404, w.ask(entra, http.MethodGet, path, ""))
		w.want(404, w.ask(entra, http.MethodDelete, path, ""))
		w.want(404, w.ask(entra, http.MethodPut, path, `{"userName":"x","displayName":"x"}`))
		w.want(404, w.ask(entra, http.MethodPatch, path, `{"Operations":[{"op":"replace","path":"externalId","value":"x"}]}`))
	}
	for _, query := range []string{users, users + "?filter=userName%20eq%20%22ada%22", users + "?filter=externalId%20eq%20%221%22", users + "?filter=id%20eq%20%22" + ada + "%22", users + "?filter=active%20eq%20true", groups, groups + "?filter=members%20eq%20%22" + ada + "%22"} {
		if got := w.ask(entra, http.MethodGet, query, ""); got.status != 200 || !strings.Contains(got.text, `"totalResults":0`) {
			t.Errorf("%s: %d %s", query, got.status, got.text)
		}
	}
	w.want(400, w.ask(entra, http.MethodPost, groups, `{"displayName":"Mine","members":[{"value":"`+ada+`"}]}`))
	if told := w.told(); len(told) > 0 {
		t.Errorf("%+v", told)
	}
	other := w.made(entra, users, `{"userName":"ADA"}`) // names are each provider's own
	w.want(404, w.ask(okta, http.MethodGet, users+"/"+other, ""))
}

func TestWhoHasNoNameAtASignInIsRefused(t *testing.T) {
	w := newWorld(t)
	got := w.ask(w.token("okta"), http.MethodPost, users, `{"userName":"nameless"}`)
	if got.status != 400 || !strings.Contains(got.text, `mail is missing`) || len(w.told()) > 0 {
		t.Errorf("%d %s", got.status, got.text)
	}
	w.want(200, w.ask(w.token("entra"), http.MethodGet, users, ""))
}

// TestANameIsNotLostWithWhoTookIt has a request end between the name and the resource.
func TestANameIsNotLostWithWhoTookIt(t *testing.T) {
	w := newWorld(t)
	token := w.token("okta")
	w.store.fails["user"] = reason.New(reason.StoreUnavailable, "cut off")
	w.want(503, w.ask(token, http.MethodPost, users, `{"userName":"ada"}`))
	delete(w.store.fails, "user")
	w.want(503, w.ask(token, http.MethodPost, users, `{"userName":"ada"}`)) // it may be about to be written
	w.pass(61 * time.Second)
	w.made(token, users, `{"userName":"Ada"}`)
	w.want(409, w.ask(token, http.MethodPost, users, `{"userName":"ada"}`))
}

func TestOneOfManyGetsAName(t *testing.T) {
	w := newWorld(t)
	token := w.token("okta")
	var all sync.WaitGroup
	var mu sync.Mutex
	got := map[int]int{}
	for range 12 {
		all.Go(func() {
			answer := w.ask(token, http.MethodPost, users, `{"userName":"ada","title":"`+fmt.Sprint(time.Now().UnixNano())+`"}`)
			mu.Lock()
			defer mu.Unlock()
			got[answer.status]++
		})
	}
	all.Wait()
	if got[201] != 1 || got[201]+got[409]+got[503] != 12 {
		t.Errorf("%v", got)
	}
	if list := w.ask(token, http.MethodGet, users, ""); !strings.Contains(list.text, `"totalResults":1`) {
		t.Errorf("%s", list.text)
	}
}

// TestManyChangeAGroupAtOnce: each change is kept, and what was told last of each member
// is how they are.
func TestManyChangeAGroupAtOnce(t *testing.T) {
	w := newWorld(t)
	token := w.token("okta")
	sre := w.made(token, groups, `{"displayName":"SRE"}`)
	var ids []string
	for i := range 8 {
		ids = append(ids, w.made(token, users, fmt.Sprintf(`{"userName":"u%d"}`, i)))
	}
	w.told()
	var all sync.WaitGroup
	for _, id := range ids {
		all.Go(func() {
			for range 20 {
				if got := w.ask(token, http.MethodPatch, groups+"/"+sre, `{"Operations":[{"op":"add","path":"members","value":[{"value":"`+id+`"}]}]}`); got.status == 204 {
					return
				}
			}
			t.Errorf("%s never came in", id)
		})
	}
	all.Wait()
	told := map[string]bool{}
	for _, e := range w.told() {
		if e.Member != nil {
			told[e.Member.Person] = e.Member.In
		}
	}
	got := w.ask(token, http.MethodGet, groups+"/"+sre, "")
	for _, id := range ids {
		if !strings.Contains(got.text, id) || !told[id] {
			t.Errorf("%s: told %v, %s", id, told[id], got.text)
		}
	}
}
