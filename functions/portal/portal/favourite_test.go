package portal_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const devRole = "acs:ram::" + dev + ":role/dev"

// section is the names of the roles in a section of the list, from its heading's ID on.
func section(text, id string) []string {
	_, rest, ok := strings.Cut(text, `<h2 id="`+id+`">`)
	if !ok {
		return nil
	}
	rest, _, _ = strings.Cut(rest, "</section>")
	var names []string
	for _, m := range regexp.MustCompile(`<b>([^<]+)</b>`).FindAllStringSubmatch(rest, -1) {
		names = append(names, m[1])
	}
	return names
}

func (s *stage) wantSections(t *testing.T, cookie *http.Cookie, favourites, recent []string) {
	t.Helper()
	a := s.do(t, get("/", cookie))
	if got := section(a.text, "favourites"); !slices.Equal(got, favourites) {
		t.Errorf("favourites %q, want %q", got, favourites)
	}
	if got := section(a.text, "recent"); !slices.Equal(got, recent) {
		t.Errorf("recent %q, want %q", got, recent)
	}
}

func (s *stage) star(t *testing.T, cookie *http.Cookie, state, arn string) answer {
	t.Helper()
	tok := token(t, s.do(t, get("/", cookie)).text)
	return s.do(t, fromOwnPage("/favourite", url.Values{"token": {tok}, state: {arn}}, cookie))
}

func TestAFavouriteStaysWithThePerson(t *testing.T) {
	s := newStage(t)
	cookie := s.ada(t).Cookie()
	s.wantSections(t, cookie, nil, nil)
	for range 2 { // twice is once
		if a := s.star(t, cookie, "on", admin); a.StatusCode != http.StatusSeeOther || a.leadsTo() != "/"+page.RolePlace(admin) || a.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s to %s", a.Status, a.leadsTo())
		}
		s.wantSections(t, cookie, []string{"acme-prod · admin"}, nil)
	}
	s.wantSections(t, s.ada(t).Cookie(), []string{"acme-prod · admin"}, nil) // in another browser
	s.star(t, cookie, "on", devRole)
	s.wantSections(t, cookie, []string{"acme-prod · admin", dev + " · dev"}, nil)
	for range 2 {
		s.star(t, cookie, "off", admin)
		s.wantSections(t, cookie, []string{dev + " · dev"}, nil)
	}
	eve := s.signIn(t, validatetest.Subject("eve"), validatetest.Attribute("memberOf", "platform")).Cookie()
	s.wantSections(t, eve, nil, nil)
}

// TestNobodyMarksWhatTheyDoNotHave: of roles that rules do not give nothing is kept or
// shown, but what was marked once can be taken away.
func TestNobodyMarksWhatTheyDoNotHave(t *testing.T) {
	s := newStage(t)
	cookie := s.ada(t).Cookie()
	tok := token(t, s.do(t, get("/", cookie)).text)
	send := func(fields url.Values) answer {
		fields.Set("token", tok)
		return s.do(t, fromOwnPage("/favourite", fields, cookie))
	}
	for name, tt := range map[string]struct {
		form url.Values
		want reason.Code
	}{
		"a role of nobody's":  {url.Values{"on": {"acs:ram::" + prod + ":role/other"}}, reason.RoleNotGranted},
		"another account":     {url.Values{"on": {"acs:ram::99999999:role/admin"}}, reason.RoleNotGranted},
		"no role":             {url.Values{"on": {"admin"}}, reason.RequestMalformed},
		"nothing to do":       {url.Values{}, reason.RequestMalformed},
		"both":                {url.Values{"on": {admin}, "off": {admin}}, reason.RequestMalformed},
		"two roles":           {url.Values{"on": {admin, devRole}}, reason.RequestMalformed},
		"a line break behind": {url.Values{"off": {admin + "\n"}}, reason.RequestMalformed},
	} {
		t.Run(name, func(t *testing.T) { wantRefusal(t, send(tt.form), tt.want) })
	}
	if calls := s.people.Calls(); calls["favour"]+calls["unfavour"] > 0 {
		t.Errorf("%v", calls)
	}
	send(url.Values{"on": {admin}})
	s.draft.Rules = s.draft.Rules[1:]
	s.wantSections(t, cookie, nil, nil)
	if a := send(url.Values{"on": {admin}}); a.StatusCode != http.StatusSeeOther { // a page that is open yet
		t.Errorf("%s", a.Status)
	}
	s.wantSections(t, cookie, nil, nil)
	if a := send(url.Values{"off": {admin}}); a.StatusCode != http.StatusSeeOther {
		t.Errorf("%s", a.Status)
	}
	s.draft = draft()
	s.wantSections(t, cookie, nil, nil)
}

func TestAStarIsTheOwnersAlone(t *testing.T) {
	s := newStage(t)
	cookie := s.ada(t).Cookie()
	form := url.Values{"token": {token(t, s.do(t, get("/", cookie)).text)}, "on": {admin}}
	for name, r := range map[string]*http.Request{
		"cross-site": with(fromOwnPage("/favourite", form, cookie), "Sec-Fetch-Site", "cross-site"),
		"same-site":  with(fromOwnPage("/favourite", form, cookie), "Sec-Fetch-Site", "same-site"),
		"no token":   fromOwnPage("/favourite", url.Values{"on": {admin}}, cookie),
	} {
		t.Run(name, func(t *testing.T) { wantRefusal(t, s.do(t, r), reason.RequestForged) })
	}
	wantRefusal(t, s.do(t, fromOwnPage("/favourite", form, cookie, arrived(s.eve(t)))), reason.SessionOtherPerson)
	s.draft.IdentityProviders[0].Suspended = true
	wantRefusal(t, s.do(t, fromOwnPage("/favourite", form, cookie)), reason.IdPSuspended)
	if s.people.Calls()["favour"] > 0 {
		t.Error("it was kept")
	}
}

// TestWhoIsNobodyInParticularHasNoFavourites: nor the stars for them.
func TestWhoIsNobodyInParticularHasNoFavourites(t *testing.T) {
	s := newStage(t)
	s.draft.IdentityProviders[0].Person = "{{email}}"
	cookie := s.signIn(t, validatetest.Subject("_f3a1"), validatetest.Attribute("memberOf", "platform")).Cookie()
	a := s.do(t, get("/", cookie))
	wantOnPage(t, a, "admin")
	if strings.Contains(a.text, "/favourite") {
		t.Error("the page has stars")
	}
	if strings.Contains(a.text, "everywhere") {
		t.Error("the page promises to end sessions of which nobody knows whose they are")
	}
	tok := url.Values{"token": {token(t, a.text)}, "role": {admin}, "on": {admin}}
	wantRefusal(t, s.do(t, fromOwnPage("/favourite", tok, cookie)), reason.PersonUnclear)
	wantOnPage(t, s.do(t, fromOwnPage("/credentials", tok, cookie)), "STS.example")
	if calls := s.people.Calls(); len(calls) > 0 {
		t.Errorf("%v", calls)
	}
}

// TestTheRolesTakenLastComeFirst: by console, by credentials and by a link, once an hour.
func TestTheRolesTakenLastComeFirst(t *testing.T) {
	s := newStage(t)
	cookie := s.ada(t).Cookie()
	tok := token(t, s.do(t, get("/", cookie)).text)
	take := func(path, role string) {
		t.Helper()
		s.now = s.now.Add(time.Second)
		if a := s.do(t, fromOwnPage(path, url.Values{"token": {tok}, "role": {role}}, cookie)); a.StatusCode >= http.StatusBadRequest {
			t.Fatalf("%s: %s", path, a.Status)
		}
	}
	take("/credentials", devRole)
	s.wantSections(t, cookie, nil, []string{dev + " · dev"})
	take("/console", admin)
	s.wantSections(t, cookie, nil, []string{"acme-prod · admin", dev + " · dev"})
	s.people.Calls()
	take("/console", admin)
	if n := s.people.Calls()["remember"]; n != 0 {
		t.Errorf("written %d times again", n)
	}
	s.do(t, with(get("/go/"+dev+"/dev", cookie), "Sec-Fetch-Site", "none"))
	s.wantSections(t, cookie, nil, []string{dev + " · dev", "acme-prod · admin"})
	for range 3 {
		s.now = s.now.Add(session.Idle / 2)
		take("/credentials", devRole)
	}
	if n := s.people.Calls()["remember"]; n != 2 { // the link's, and an hour later
		t.Errorf("written %d times", n)
	}
	s.star(t, cookie, "on", admin)
	s.wantSections(t, cookie, []string{"acme-prod · admin"}, []string{dev + " · dev"}) // each once
	s.draft.Rules = s.draft.Rules[:1]
	s.wantSections(t, cookie, []string{"acme-prod · admin"}, nil) // what the rules give at this moment
}

// TestWhatIsNotTakenIsNotRemembered, and what cannot be remembered is taken all the same.
func TestWhatIsNotTakenIsNotRemembered(t *testing.T) {
	s := newStage(t)
	cookie := s.ada(t).Cookie()
	form := url.Values{"token": {token(t, s.do(t, get("/", cookie)).text)}, "role": {admin}}
	s.mint.err = reason.New(reason.STSUnavailable, "down")
	for _, path := range []string{"/console", "/credentials"} {
		wantRefusal(t, s.do(t, fromOwnPage(path, form, cookie)), reason.STSUnavailable)
	}
	s.wantSections(t, cookie, nil, nil)
	s.mint.err = nil
	s.people.BreakWrites(reason.New(reason.StoreUnavailable, "read only"))
	wantOnPage(t, s.do(t, fromOwnPage("/credentials", form, cookie)), "STS.example")
	if a := s.do(t, fromOwnPage("/console", form, cookie)); !strings.HasPrefix(a.leadsTo(), "https://signin.aliyun.com/") {
		t.Errorf("%s", a.Status)
	}
	if n := strings.Count(s.log.String(), "a role that was taken is not remembered"); n != 2 {
		t.Errorf("logged %d times", n)
	}
	form.Set("on", admin)
	wantRefusal(t, s.do(t, fromOwnPage("/favourite", form, cookie)), reason.StoreUnavailable)
}

// TestStarsOfTwoBrowsersDoNotUndoEachOther: both saw the list before.
func TestStarsOfTwoBrowsersDoNotUndoEachOther(t *testing.T) {
	s := newStage(t)
	laptop, phone := s.ada(t).Cookie(), s.ada(t).Cookie()
	form := func(cookie *http.Cookie, role string) *http.Request {
		return fromOwnPage("/favourite", url.Values{"token": {token(t, s.do(t, get("/", cookie)).text)}, "on": {role}}, cookie)
	}
	first, second := form(laptop, admin), form(phone, devRole)
	var wait sync.WaitGroup
	for _, r := range []*http.Request{first, second} {
		wait.Go(func() { s.handler.ServeHTTP(httptest.NewRecorder(), r) })
	}
	wait.Wait()
	s.wantSections(t, laptop, []string{"acme-prod · admin", dev + " · dev"}, nil)
}

func TestTheListSaysWhenTheSessionIdles(t *testing.T) {
	s := newStage(t)
	cookie := s.ada(t).Cookie()
	idles := s.now.Add(session.Idle).UTC().Format(time.RFC3339)
	wantOnPage(t, s.do(t, get("/", cookie)), `datetime="`+idles+`"`)
}
