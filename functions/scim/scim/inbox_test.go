package scim_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/inbox"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/store"
)

// TestWhatIsPushedIsInTheInbox has the real inbox behind the handler: what is answered is
// kept there, and who is removed is let in nowhere from then on.
func TestWhatIsPushedIsInTheInbox(t *testing.T) {
	w := newWorld(t)
	people, events := store.NewPeople(w.client), store.NewEvents(w.client)
	w.inbox = inbox.Inbox{Events: events, People: people, Now: w.clock}
	token := w.token("okta")
	ada := w.made(token, users, `{"userName":"Ada@acme.com","title":"Dr","name":{"givenName":"Ada","familyName":"King"}}`)
	sre := w.made(token, groups, `{"displayName":"SRE","members":["`+ada+`"]}`)
	state := func() lifecycle.State {
		t.Helper()
		row, _, err := people.Subject(t.Context(), "okta", string(lifecycle.KindPerson), ada)
		if err != nil {
			t.Fatal(err)
		}
		s, err := lifecycle.ParseState(row)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := state()
	if s.Person == nil || s.Person.Person != "ada@acme.com" || s.Person.DisplayName != "Ada King" || s.Person.Attributes["title"][0] != "Dr" || !s.Edges[sre].In {
		t.Errorf("%+v", s)
	}
	if waiting, err := events.Pending(t.Context(), store.Event{}, w.clock().Add(time.Hour), 100); err != nil || len(waiting) != 3 {
		t.Errorf("%d events wait, %v", len(waiting), err)
	}
	w.want(204, w.ask(token, http.MethodDelete, users+"/"+ada, ""))
	if s := state(); s.Person.Status != lifecycle.Gone || len(s.Groups(true)) > 0 {
		t.Errorf("%+v", s)
	}
	known, _, err := people.Known(t.Context(), "okta", "ada@acme.com", [32]byte{})
	if err != nil || !known.Left {
		t.Errorf("%+v, %v", known, err)
	}
}
