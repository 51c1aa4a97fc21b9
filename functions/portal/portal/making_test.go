package portal_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/functions/portal/portal"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond/respondtest"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// maker stands for provisioning.
type maker struct {
	*stage

	t       *testing.T
	events  []lifecycle.Event
	calls   int
	makes   int // at which call the user is there; 0: never
	stored  error
	called  error
	givenUp reason.Code
}

// withMaker is a stage whose rules make users.
func withMaker(t *testing.T) (*maker, session.Session) {
	t.Helper()
	m := &maker{stage: withUsers(t), t: t, makes: 1}
	m.draft.Accounts[0].Manage = federation.Manage{Users: true}
	m.draft.IdentityProviders[0].Attributes["name"] = "displayName" // the alias that presets have
	for i := range m.draft.Rules {
		if m.draft.Rules[i].User != nil {
			m.draft.Rules[i].User.Create = true
		}
	}
	m.making = portal.Making{Accept: m.accept, Provision: m.provision, GivenUp: m.letter}
	m.handler = m.portal(t, m.mint)
	return m, m.signIn(t, validatetest.Subject("ada"), validatetest.Attribute("emailAddress", "ada@acme.com"), validatetest.Attribute("displayName", "Ada Lovelace"))
}

func (m *maker) accept(_ context.Context, events ...lifecycle.Event) error {
	for _, e := range events {
		if err := e.Check(); err != nil {
			m.t.Error(err)
		}
	}
	m.events = append(m.events, events...)
	return m.stored
}

func (m *maker) provision(ctx context.Context, s lifecycle.Subject) error {
	if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > 5*time.Second {
		m.t.Error("nobody ends the call")
	}
	m.calls++
	if m.calls == m.makes {
		return m.people.Made(ctx, prod, "ada", store.Owner{IdP: s.IdP, Person: "ada"})
	}
	return m.called
}

func (m *maker) letter(_ context.Context, key string) (reason.Code, string, error) {
	if len(m.events) == 0 || key != m.events[0].Key {
		m.t.Errorf("asked about event %s", key)
	}
	return m.givenUp, "since it is so", nil
}

func (m *maker) asks(s session.Session, parameters ...string) answer {
	m.t.Helper()
	return m.do(m.t, fromCloud(get(start(append([]string{"request", "a1"}, parameters...)...), s.Cookie())))
}

// waits wants the page that waits, and gives where it looks next.
func (m *maker) waits(a answer) string {
	m.t.Helper()
	next, ok := strings.CutPrefix(a.Header.Get("Refresh"), "2; url=")
	if a.StatusCode != http.StatusAccepted || !ok || !strings.HasPrefix(next, startPath+"?") || a.leadsTo() != "" {
		m.t.Fatalf("%s, %v\n%s", a.Status, a.Header, a.text)
	}
	if !strings.Contains(a.text, "Your user is being made") || !strings.Contains(a.text, "ada@acme.onaliyun.com") || strings.Contains(a.text, "SAMLResponse") || strings.Contains(a.text, "<meta http-equiv") {
		m.t.Error(a.text)
	}
	return next
}

func TestAUserIsMadeAtTheFirstSignIn(t *testing.T) {
	m, ada := withMaker(t)
	m.signsIn(t, fromCloud(get(start("request", "a1"), ada.Cookie())), "ada@acme.onaliyun.com", "a1", "")
	if len(m.events) != 1 || m.calls != 1 || !strings.Contains(m.log.String(), `"making":"made"`) {
		t.Fatalf("%d events, %d calls: %s", len(m.events), m.calls, m.log)
	}
	e := m.events[0]
	want := lifecycle.SignIn{Person: "ada", Account: prod, User: "ada@acme.onaliyun.com", DisplayName: "Ada Lovelace", Email: "ada@acme.com"}
	if e.Kind != lifecycle.KindSignIn || e.IdP != "test" || *e.SignIn != want || e.From != "portal" {
		t.Errorf("%+v %+v", e, *e.SignIn)
	}
	m.signsIn(t, fromCloud(get(start("request", "b2"), ada.Cookie())), "ada@acme.onaliyun.com", "b2", "")
	if len(m.events) != 1 || m.calls != 1 {
		t.Error("a user that is there was asked for again")
	}
}

// TestNobodyIsMadeWithoutTheRulesWord: neither by another rule's nor before it is meant.
func TestNobodyIsMadeWithoutTheRulesWord(t *testing.T) {
	m, ada := withMaker(t)
	a := m.do(t, with(get(start(), ada.Cookie()), "Sec-Fetch-Site", "cross-site"))
	if a.StatusCode != http.StatusOK || !strings.Contains(a.text, "Open the console?") {
		t.Errorf("%s", a.Status)
	}
	for i := range m.draft.Rules {
		if m.draft.Rules[i].User != nil {
			m.draft.Rules[i].User.Create = false
		}
	}
	m.signsIn(t, fromCloud(get(start("request", "a1"), ada.Cookie())), "ada@acme.onaliyun.com", "a1", "")
	if len(m.events) > 0 || m.calls > 0 {
		t.Errorf("%d events, %d calls", len(m.events), m.calls)
	}
}

// TestThePageWaitsAndGoesOnByItself, without a script, and says so after a minute.
func TestThePageWaitsAndGoesOnByItself(t *testing.T) {
	m, ada := withMaker(t)
	m.makes, m.called = 3, errors.New("throttled")
	next := m.waits(m.asks(ada))
	if !strings.Contains(m.log.String(), `"making":"waiting: internal: throttled"`) {
		t.Error(m.log)
	}
	m.now = m.now.Add(2 * time.Second)
	if again := m.waits(m.do(t, with(get(next, ada.Cookie()), "Sec-Fetch-Site", "same-origin"))); again != next {
		t.Errorf("%s, then %s", next, again)
	}
	m.signsIn(t, with(get(next, ada.Cookie()), "Sec-Fetch-Site", "same-origin"), "ada@acme.onaliyun.com", "a1", "")
	if len(m.events) != 1 {
		t.Errorf("%d events", len(m.events))
	}

	m, ada = withMaker(t)
	m.makes = 0
	next = m.waits(m.asks(ada))
	m.now = m.now.Add(59 * time.Second)
	m.waits(m.do(t, get(next, ada.Cookie())))
	m.now = m.now.Add(time.Second)
	wantRefusal(t, m.do(t, get(next, ada.Cookie())), reason.UserWaiting)
	m.now = m.now.Add(time.Minute)
	m.waits(m.asks(ada)) // who comes again begins anew, and it is one event still
	if len(m.events) != 2 || m.events[0].Key != m.events[1].Key {
		t.Errorf("%d events", len(m.events))
	}
	for _, since := range []string{"x", "-1", "99999999999999999999", "4102444800"} {
		m.waits(m.asks(ada, "waits", since))
	}
}

// TestAfterAClickThePageWaitsToo, and leads to where the click did.
func TestAfterAClickThePageWaitsToo(t *testing.T) {
	m, ada := withMaker(t)
	m.makes = 2
	a := m.do(t, with(get(start("to", ecs), ada.Cookie()), "Sec-Fetch-Site", "cross-site"))
	next := m.waits(m.do(t, fromOwnPage("/user", url.Values{"token": {token(t, a.text)}, "start": {start("to", ecs)}}, ada.Cookie())))
	m.signsIn(t, with(get(next, ada.Cookie()), "Sec-Fetch-Site", "same-origin"), "ada@acme.onaliyun.com", "", ecs)
}

func TestWhatIsGivenUpIsSaid(t *testing.T) {
	m, ada := withMaker(t)
	m.makes, m.givenUp = 0, reason.PrincipalInvalid
	wantRefusal(t, m.asks(ada), reason.PrincipalInvalid)
	if !strings.Contains(m.log.String(), "since it is so") {
		t.Error(m.log)
	}
	m.givenUp = ""
	wantRefusal(t, m.asks(ada, "passive", "1"), reason.UserWaiting)
	m.stored = reason.New(reason.StoreUnavailable, "down")
	wantRefusal(t, m.asks(ada), reason.StoreUnavailable)
}

// TestSomebodyElsesUserIsNotMade.
func TestSomebodyElsesUserIsNotMade(t *testing.T) {
	m, ada := withMaker(t)
	if _, err := m.people.Claim(t.Context(), prod, "ada", store.Owner{IdP: "contoso", Person: "ada", Since: m.now}); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, m.asks(ada), reason.PrincipalTaken)
	if len(m.events) > 0 || m.calls > 0 {
		t.Error("it was asked for")
	}
}

// TestWhoOwnsAUserAnewAsksAnew: what was made for them before is gone.
func TestWhoOwnsAUserAnewAsksAnew(t *testing.T) {
	m, ada := withMaker(t)
	m.asks(ada)
	list, err := m.people.Owned(t.Context(), prod)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	if err := m.people.Release(t.Context(), list[0]); err != nil {
		t.Fatal(err)
	}
	m.now, m.makes = m.now.Add(time.Minute), 2
	m.asks(ada)
	if len(m.events) != 2 || m.events[0].Key == m.events[1].Key {
		t.Errorf("%d events", len(m.events))
	}
}

// TestAWaitingPageLeadsToNobodyElse, whatever a stranger wrote into the address that
// began it.
func TestAWaitingPageLeadsToNobodyElse(t *testing.T) {
	m, ada := withMaker(t)
	m.makes = 0
	ask := func(name string) func(string) *http.Request {
		return func(value string) *http.Request {
			return with(get(startPath+"?"+url.Values{name: {value}}.Encode(), ada.Cookie()), "Sec-Fetch-Site", "none")
		}
	}
	m.waits(m.do(t, ask("to")(ecs)))
	respondtest.Attack(t, m.handler, []string{"signin.aliyun.com", "mailto:it@acme.com"},
		respondtest.Place{Name: "to", Ask: ask("to"), Good: ecs, Carries: true},
		respondtest.Place{Name: "request", Ask: ask("request"), Good: "a"},
		respondtest.Place{Name: "since when", Ask: ask("waits"), Carries: true},
		respondtest.Place{Name: "relay", Ask: func(v string) *http.Request {
			return fromCloud(get(start("request", "a1", "relay", v), ada.Cookie()))
		}, Good: ecs, Carries: true},
	)
}
