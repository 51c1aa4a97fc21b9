package push_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/push"
	"github.com/fc-sso/fc-sso/shared/push/memory"
)

func TestDriftIsToldOnceAndWhenItIsGone(t *testing.T) {
	b, w := newBench(t), newWorld(t)
	w.hasSAML("okta", encoded(b.metadata("AB")))
	w.hasRole("Deploy", `{"Statement":[{"Effect":"Allow","Principal":{"Federated":["`+ci.String()+`"]}}]}`, 7200)
	w.hasRole("dev-1", `{"Statement":[{"Effect":"Allow","Principal":{"RAM":["acs:ram::1:root"]}}]}`, 3600)
	w.hasRole("fc-sso-portal", "", 3600)
	wanted := b.wantsSAML("A", federation.Manage{})
	wanted.Roles = roles(t)
	if got := alerts(w.mustPush(wanted)); got != "certificate_unknown role_trusts_any_subject" {
		t.Errorf("at first: %s", got)
	}
	account := must(memory.Parse(w.row))
	if longest, ok := account.LongestSession(role); !ok || longest != 2*time.Hour || len(account.MaxSession) != 2 {
		t.Errorf("%v, %v: %v", longest, ok, account.MaxSession)
	}
	if got := alerts(w.mustPush(wanted)); got != "" {
		t.Errorf("again: %s", got)
	}
	w.trouble = func(rw http.ResponseWriter, action string, _ url.Values) bool {
		if action == "GetSAMLProvider" {
			refuse(rw, 403, "NoPermission")
		}
		return action == "GetSAMLProvider"
	}
	if result, err := w.push(wanted); err != nil || result.Trouble == nil || alerts(result) != "" {
		t.Errorf("unread: %+v, %v", result, err)
	}
	if got := alerts(w.mustPush(wanted.Only("nobody"))); got != "" {
		t.Errorf("a part: %s", got)
	}
	w.trouble = nil
	w.hasSAML("okta", encoded(b.metadata("A")))
	if got := alerts(w.mustPush(wanted)); got != "drift_gone" {
		t.Errorf("gone: %s", got)
	}
	w.hasRole("Deploy", `{"Statement":[{"Effect":"Allow","Principal":{"RAM":["acs:ram::1:root"]}}]}`, 3600)
	if got := alerts(w.mustPush(wanted)); got != "drift_gone" {
		t.Errorf("all gone: %s", got)
	}
}

// TestOfManyRolesSomeAreLookedAtInEachRun, and how long sessions last is known of all.
func TestOfManyRolesSomeAreLookedAtInEachRun(t *testing.T) {
	w := newWorld(t)
	for n := range 250 {
		w.hasRole(fmt.Sprintf("dev-%03d", n), `{"Statement":[{"Effect":"Allow","Principal":{"RAM":["acs:ram::1:root"]}}]}`, 7200)
	}
	w.hasRole("dev-249", `{"Statement":[{"Effect":"Allow","Principal":{"Federated":["`+ci.String()+`"]}}]}`, 3600)
	wanted := push.Wanted{Account: role.Account(), Roles: roles(t)}
	told := ""
	for run := range 5 {
		w.asked = nil
		told += alerts(w.mustPush(wanted))
		looked := len(slices.DeleteFunc(slices.Clone(w.asked), func(call string) bool { return !strings.HasPrefix(call, "GetRole") }))
		if known := must(memory.Parse(w.row)); looked != 101 || len(known.MaxSession) != 250 || known.MaxSession["acs:ram::1234567890123456:role/dev-249"] != 3600 {
			t.Errorf("run %d: looked at %d roles, knows %d", run, looked, len(known.MaxSession))
		}
		w.now = w.now.Add(time.Hour)
	}
	if told != string(alert.RoleTrustsAnySubject) {
		t.Errorf("told %q", told)
	}
	delete(w.roles, "dev-249")
	if got := alerts(w.mustPush(wanted)); got != string(alert.DriftGone) {
		t.Errorf("it is gone: %q", got)
	}
	wanted.Roles = push.Roles{}
	w.mustPush(wanted)
	if known := must(memory.Parse(w.row)); len(known.MaxSession) != 0 {
		t.Errorf("no rule names a role any more: %v", known.MaxSession)
	}
}

// TestOfMuchDriftSomeIsToldInEachRun: what waits to be told has its limit.
func TestOfMuchDriftSomeIsToldInEachRun(t *testing.T) {
	w, told := newWorld(t), 0
	ids := []string{"x"}
	for n := range 20 {
		ids = append(ids, fmt.Sprintf("stranger-%d", n))
	}
	w.hasOIDC("ci", strings.Join(ids, ","), "aa")
	for range 4 {
		result := w.mustPush(wantsOIDC([]string{"x"}, []string{"aa"}, federation.Manage{}))
		if told += len(result.Alerts); len(result.Alerts) > 8 {
			t.Errorf("%d at once", len(result.Alerts))
		}
	}
	if told != 20 {
		t.Errorf("%d are told", told)
	}
	w.hasOIDC("ci", "x", "aa")
	for range 4 {
		told -= len(w.mustPush(wantsOIDC([]string{"x"}, []string{"aa"}, federation.Manage{})).Alerts)
	}
	if told != 0 {
		t.Errorf("of %d it is not told that they are gone", told)
	}
}

// TestWhatCouldNotBeToldWaits with what is remembered.
func TestWhatCouldNotBeToldWaits(t *testing.T) {
	b, w := newBench(t), newWorld(t)
	w.deaf = true
	w.mustPush(b.wantsSAML("A", federation.Manage{}))
	if account := must(memory.Parse(w.row)); len(account.Waiting) != 1 || len(account.Told) != 1 {
		t.Fatalf("%s", w.row)
	}
	w.deaf = false
	if got := alerts(w.mustPush(b.wantsSAML("A", federation.Manage{}))); got != string(alert.ProviderMissing) {
		t.Errorf("told %s", got)
	}
	if got := alerts(w.mustPush(b.wantsSAML("A", federation.Manage{}))); got != "" {
		t.Errorf("told again: %s", got)
	}
}
