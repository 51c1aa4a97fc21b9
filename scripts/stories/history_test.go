package stories_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// cloudEvent is one event as an HR system publishes it.
type cloudEvent struct {
	ID              string         `json:"id"`
	Source          string         `json:"source"`
	SpecVersion     string         `json:"specversion"`
	Type            string         `json:"type"`
	DataContentType string         `json:"datacontenttype"`
	Time            string         `json:"time"`
	Data            map[string]any `json:"data"`
}

// history is what happened in a company of so many people, in order. Each of two
// identity providers' people may live through the same one.
type history struct {
	random *rand.Rand
	people []employee
	teams  []string // as they are called now, "" while there is none
	told   []func(idp string) cloudEvent
	at     time.Time
}

type employee struct {
	name, title string // of the account of a person, and what they are called
	present     bool
	teams       []int // in which they are
}

// RAM lets a user be in five groups. There are no more, or who hears that somebody came
// into one before hearing that they left another would find them in too many.
const (
	teamCount = 5
	mostTeams = 4
)

// newHistory makes events of so many people, in such an order as the seed says.
func newHistory(seed uint64, people, events int) []func(idp string) cloudEvent {
	h := &history{
		random: rand.New(rand.NewPCG(seed, seed)), people: make([]employee, people), teams: make([]string, teamCount),
		at: time.Now().Add(-time.Hour).UTC(),
	}
	for team := range h.teams {
		h.call(team, fmt.Sprintf("team-%d", team))
	}
	for p := range h.people {
		h.people[p] = employee{name: fmt.Sprintf("user%03d", p), title: fmt.Sprintf("User %d", p), present: true}
		h.person(p, "changed")
	}
	for len(h.told) < events {
		h.happen()
	}
	return h.told[:events]
}

// happen lets something happen, or nothing where it would make no sense.
func (h *history) happen() {
	p := h.random.IntN(len(h.people))
	e := &h.people[p]
	switch n := h.random.IntN(100); {
	case n < 4:
		h.teamChanges(h.random.IntN(teamCount), n)
	case !e.present: // and somebody comes back
		e.present = true
		h.person(p, "changed")
	case n < 25:
		e.title = fmt.Sprintf("User %d the %d", p, n)
		h.person(p, "changed")
	case n < 33: // another name by marriage
		e.name = fmt.Sprintf("user%03d-%d", p, len(h.told))
		h.person(p, "changed")
	case n < 42:
		h.person(p, "disabled")
		if h.random.IntN(3) > 0 {
			h.person(p, "changed")
		}
	case n < 49:
		e.present, e.teams = false, nil
		h.person(p, "left")
	case n < 80:
		h.join(p, h.random.IntN(teamCount))
	default:
		h.leave(p)
	}
}

func (h *history) tell(kind string, data map[string]any) {
	h.at = h.at.Add(time.Duration(1+h.random.IntN(900)) * time.Millisecond)
	number, at := len(h.told), h.at.Format(time.RFC3339Nano)
	h.told = append(h.told, func(idp string) cloudEvent {
		said := map[string]any{"idp": idp}
		for name, value := range data {
			said[name] = value
		}
		return cloudEvent{
			ID: fmt.Sprintf("%s-%d", idp, number), Source: "acme.hr", SpecVersion: "1.0", Type: "fcsso." + kind,
			DataContentType: "application/json; charset=utf-8", Time: at, Data: said,
		}
	})
}

func (h *history) person(p int, what string) {
	e := h.people[p]
	data := map[string]any{"id": fmt.Sprint(p), "person": fmt.Sprintf("p%d@acme.example", p)}
	if what != "left" {
		data["userName"], data["displayName"], data["email"] = e.name+"@acme.example", e.title, e.name+"@acme.example"
	}
	h.tell("person."+what, data)
}

func (h *history) call(team int, name string) {
	h.teams[team] = name
	h.tell("group.changed", map[string]any{"id": fmt.Sprint("g", team), "name": name})
}

func (h *history) teamChanges(team, n int) {
	switch {
	case h.teams[team] == "":
		h.call(team, fmt.Sprintf("team-%d-again-%d", team, len(h.told)))
	case n < 3:
		h.call(team, fmt.Sprintf("team-%d-of-%d", team, len(h.told)))
	default:
		h.teams[team] = ""
		for p := range h.people {
			h.people[p].teams = slices.DeleteFunc(h.people[p].teams, func(t int) bool { return t == team })
		}
		h.tell("group.removed", map[string]any{"id": fmt.Sprint("g", team)})
	}
}

func (h *history) join(p, team int) {
	e := &h.people[p]
	if h.teams[team] == "" || len(e.teams) == mostTeams || slices.Contains(e.teams, team) {
		return
	}
	e.teams = append(e.teams, team)
	h.tell("member.added", map[string]any{"id": fmt.Sprint(p), "group": fmt.Sprint("g", team)})
}

func (h *history) leave(p int) {
	e := &h.people[p]
	if len(e.teams) == 0 {
		return
	}
	i := h.random.IntN(len(e.teams))
	team := e.teams[i]
	e.teams = slices.Delete(e.teams, i, i+1)
	h.tell("member.removed", map[string]any{"id": fmt.Sprint(p), "group": fmt.Sprint("g", team)})
}
