package cloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
)

// visit calls IMS over a connection; "" is an answer that did not arrive.
func (w *world) visit(server *httptest.Server, s signer, action string, params ...string) string {
	w.t.Helper()
	signed := s.acs3(action, pairs(params), version("2019-08-15"))
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, server.URL+"/?"+signed.URL.RawQuery, http.NoBody)
	w.must(err)
	r.Header, r.Host = signed.Header, signed.Host
	answer, err := server.Client().Do(r)
	if errors.Is(err, io.EOF) {
		return ""
	}
	w.must(err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	w.must(err)
	return string(text)
}

// seen is what the side door shows.
func (w *world) seen(query string) cloud.Seen {
	w.t.Helper()
	recorder := httptest.NewRecorder()
	w.Troubles().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/cloud?"+query, nil))
	var seen cloud.Seen
	w.must(json.Unmarshal(recorder.Body.Bytes(), &seen))
	return seen
}

func TestTroubleHitsOneRequestOrAll(t *testing.T) {
	w := newWorld(t)
	k := w.keeper("1234567890123456")
	server := httptest.NewServer(w.IMS())
	defer server.Close()
	create := func(name string) bool {
		return strings.Contains(w.visit(server, k, "CreateSAMLProvider", "SAMLProviderName", name), `"Arn"`)
	}
	read := func() string { return w.visit(server, k, "ListSAMLProviders") }

	w.must(w.Trouble(cloud.Trouble{Service: "ims", Kind: "lost", After: 2, Writes: true}))
	if !create("first") || read() == "" {
		t.Error("those before did not pass")
	}
	if create("second") {
		t.Error("the second write was answered")
	}
	if !create("third") {
		t.Error("those after did not pass")
	}
	if got := read(); !strings.Contains(got, "second") {
		t.Errorf("what was lost was not done: %s", got)
	}
	w.must(w.Trouble(cloud.Trouble{Service: "ims", Kind: "throttling"}))
	if create("fourth") || create("fifth") || !strings.Contains(read(), "Throttling.User") {
		t.Error("trouble without a number is not for all")
	}
	w.must(w.Trouble(cloud.Trouble{Service: "ims"}))
	if got := read(); strings.Contains(got, "fourth") {
		t.Errorf("done in spite of trouble: %s", got)
	}
	for _, wrong := range []cloud.Trouble{{Service: "ecs", Kind: "hang"}, {Service: "ims", Kind: "rain"}, {Service: "ims", Kind: "hang", After: -1}} {
		if w.Trouble(wrong) == nil {
			t.Errorf("%+v was taken", wrong)
		}
	}
}

// TestWhatHangsIsNotDone, when its caller has died.
func TestWhatHangsIsNotDone(t *testing.T) {
	w := newWorld(t)
	k := w.keeper("1234567890123456")
	arrived, left := make(chan struct{}, 1), make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		w.IMS().ServeHTTP(rw, r)
		left <- struct{}{}
	}))
	defer server.Close()
	w.must(w.Trouble(cloud.Trouble{Service: "ims", Kind: "hang", After: 1, Writes: true}))
	signed := k.acs3("CreateSAMLProvider", []pair{{"SAMLProviderName", "okta"}}, version("2019-08-15"))
	ctx, die := context.WithCancel(t.Context())
	go func() {
		<-arrived
		die()
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/?"+signed.URL.RawQuery, http.NoBody)
	w.must(err)
	r.Header, r.Host = signed.Header, signed.Host
	if answer, err := server.Client().Do(r); err == nil {
		_ = answer.Body.Close()
		t.Error("answered")
	}
	<-left
	if got := w.ims(k, "ListSAMLProviders"); len(got.SAMLProviders.SAMLProvider) > 0 || len(w.Calls()) != 1 {
		t.Errorf("%s, %v", got.body, w.Calls())
	}
}

// TestTroubleIsOneAccounts, from a request on, and no other's.
func TestTroubleIsOneAccounts(t *testing.T) {
	w := newWorld(t)
	k, other := w.keeper("1234567890123456"), w.keeper(otherAccount)
	w.must(w.Trouble(cloud.Trouble{Service: "ims", Kind: "throttling", Account: otherAccount, After: 2, Lasting: true}))
	for i, code := range []string{"", "Throttling.User", "Throttling.User"} {
		if got := w.ims(k, "ListSAMLProviders"); got.Code != "" {
			t.Errorf("an account without trouble: %s", got.body)
		}
		if got := w.ims(other, "ListSAMLProviders"); got.Code != code {
			t.Errorf("request %d: %s", i+1, got.body)
		}
	}
	w.must(w.Trouble(cloud.Trouble{Service: "ims"}))
	if got := w.ims(other, "ListSAMLProviders"); got.Code != "" {
		t.Errorf("when it is over: %s", got.body)
	}
}

// TestTwoSharesOfOneServiceAreMetSideBySide, the same at each start.
func TestTwoSharesOfOneServiceAreMetSideBySide(t *testing.T) {
	const requests = 1000
	run := func(seed int) (throttled, gone int, order string) {
		w := newWorld(t)
		k := w.keeper("1234567890123456")
		server := httptest.NewServer(w.IMS())
		defer server.Close()
		w.must(w.Trouble(cloud.Trouble{Service: "ims", Kind: "throttling", Percent: 5, Seed: seed}))
		w.must(w.Trouble(cloud.Trouble{Service: "ims", Kind: "lost", Percent: 2, Seed: seed}))
		w.must(w.Trouble(cloud.Trouble{Service: "ims", Kind: "error", After: 3}))
		for i := range requests {
			switch got := w.visit(server, k, "ListSAMLProviders"); {
			case got == "":
				gone++
				order += "l"
			case strings.Contains(got, "Throttling.User"):
				throttled++
				order += "t"
			case strings.Contains(got, "InternalError") != (i == 2):
				t.Errorf("request %d: %s", i, got)
			default:
				order += "."
			}
		}
		w.must(w.Trouble(cloud.Trouble{Service: "ims"}))
		for range 100 {
			if got := w.visit(server, k, "ListSAMLProviders"); !strings.Contains(got, `"SAMLProviders"`) {
				t.Fatalf("when all is over: %s", got)
			}
		}
		if seen := w.seen(""); seen.Kinds["ims lost"] != gone || seen.Kinds["ims throttling"] != throttled || seen.Troubled["ims"] != gone+throttled+1 {
			t.Errorf("%v, %v", seen.Kinds, seen.Troubled)
		}
		return throttled, gone, order
	}
	throttled, gone, order := run(0)
	if throttled < 30 || throttled > 70 || gone < 10 || gone > 30 {
		t.Errorf("of %d requests %d throttled and %d lost", requests, throttled, gone)
	}
	if _, _, again := run(0); again != order {
		t.Error("another order at another start")
	}
	if _, _, other := run(7); other == order {
		t.Error("the same order with another seed")
	}
}

func TestAShareIsChosenByChanceAlone(t *testing.T) {
	w := newWorld(t)
	for _, wrong := range []cloud.Trouble{
		{Service: "ims", Kind: "lost", Percent: 101},
		{Service: "ims", Kind: "lost", Percent: -1},
		{Service: "ims", Kind: "lost", Percent: 5, After: 2},
		{Service: "ims", Kind: "lost", Percent: 5, Lasting: true},
		{Service: "ims", Kind: "lost", Seed: 1},
		{Service: "ims", Percent: 5},
	} {
		if w.Trouble(wrong) == nil {
			t.Errorf("%+v was taken", wrong)
		}
	}
	k, other := w.keeper("1234567890123456"), w.keeper(otherAccount)
	w.must(w.Trouble(cloud.Trouble{Service: "ims", Kind: "throttling", Percent: 100, Writes: true, Account: otherAccount}))
	w.ims(k, "DeleteSAMLProvider").want(t, "another account", http.StatusForbidden, "NoPermission")
	w.ims(other, "ListSAMLProviders").want(t, "a read", http.StatusOK, "")
	w.ims(other, "DeleteSAMLProvider").want(t, "a write", http.StatusBadRequest, "Throttling.User")
}

// TestTheActionOfAFormIsCountedToo: V1 clients say it in the query or in the body.
func TestTheActionOfAFormIsCountedToo(t *testing.T) {
	w := newWorld(t)
	k := w.keeper("1234567890123456")
	w.must(w.Trouble(cloud.Trouble{Service: "ims", Kind: "throttling", After: 1, Writes: true}))
	w.answer(w.IMS(), k.v1Form(pair{"Action", "ListSAMLProviders"}, pair{"Version", "2019-08-15"})).want(t, "a read", http.StatusOK, "")
	create := []pair{{"Action", "CreateSAMLProvider"}, {"Version", "2019-08-15"}, {"SAMLProviderName", "okta"}}
	w.answer(w.IMS(), k.v1Form(create...)).want(t, "the first write", http.StatusBadRequest, "Throttling.User")
	w.answer(w.IMS(), k.v1Form(create...)).want(t, "the next", http.StatusOK, "")
}

func TestCallsAreListedWithWhatCameOfThem(t *testing.T) {
	w := newWorld(t)
	k, other := w.keeper("1234567890123456"), w.keeper(otherAccount)
	w.ims(k, "CreateSAMLProvider", "SAMLProviderName", "okta")
	w.ims(other, "GetSAMLProvider", "SAMLProviderName", "okta")
	w.ram(other, "ListRoles")
	w.answer(w.IMS(), httptest.NewRequest(http.MethodPost, "/?Action=DeleteSAMLProvider&Version=2019-08-15&SAMLProviderName=okta", nil))
	w.sts(w.portal().v1(whoAmI())) // not listed
	see := w.seen
	want := []cloud.Call{
		{Number: 1, Service: "ims", Action: "CreateSAMLProvider", Write: true, Account: "1234567890123456", Caller: keeperRole, Name: "okta"},
		{Number: 2, Service: "ims", Action: "GetSAMLProvider", Account: otherAccount, Caller: strings.Replace(keeperRole, "1234567890123456", otherAccount, 1), Name: "okta", Code: "EntityNotExist.SAMLProvider"},
		{Number: 3, Service: "ram", Action: "ListRoles", Account: otherAccount, Caller: strings.Replace(keeperRole, "1234567890123456", otherAccount, 1)},
		{Number: 4, Service: "ims", Action: "DeleteSAMLProvider", Write: true, Name: "okta", Code: "MissingAccessKeyId"},
	}
	got := see("").Calls
	for i := range want {
		if len(got) != len(want) || got[i] != want[i] {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
	for query, count := range map[string]int{"service=ram": 1, "account=1234567890123456": 1, "action=GetSAMLProvider": 1, "name=okta": 3, "name=okta&service=ram": 0} {
		if got := see(query).Calls; len(got) != count {
			t.Errorf("%s: %+v", query, got)
		}
	}
	w.must(w.Trouble(cloud.Trouble{Service: "ram", Kind: "throttling", After: 1}))
	w.ram(other, "ListRoles")
	w.ram(other, "ListRoles")
	if got := see(""); got.Troubled["ram"] != 1 || len(got.Calls) != 5 {
		t.Errorf("%+v", got)
	}
}
