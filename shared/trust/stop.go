package trust

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Stop is the word of events that an identity provider is believed no more. An event can
// only stop; who operates the deployment resumes.
type Stop struct {
	Since   time.Time `json:"since"`            // of the event that stopped it
	By      string    `json:"by"`               // that event's key
	Why     string    `json:"why,omitempty"`    // its words, for people
	Heard   []string  `json:"heard"`            // keys of all events that said so, the last one last
	Resumed time.Time `json:"resumed,omitzero"` // since then it is believed again; zero: it is not
}

// Stops are those of all identity providers. Its zero value is that nobody was stopped.
type Stops map[string]Stop

// Events are delivered again for a day at most; what is kept of one that has no effect
// any more outlasts that.
const (
	maxHeard   = 16
	maxWhy     = 1024
	forgetStop = 7 * 24 * time.Hour
)

const stopsVersion = 1

type stopsRow struct {
	V    int   `json:"v"`
	IdPs Stops `json:"idps"`
}

// ParseStops reads what [Stops.Row] wrote; no row is that nobody was stopped.
func ParseStops(row []byte) (Stops, error) {
	if len(row) == 0 {
		return nil, nil
	}
	var r stopsRow
	if err := json.Unmarshal(row, &r); err != nil {
		return nil, fmt.Errorf("which identity providers were stopped: %w", err)
	}
	if r.V != stopsVersion {
		return nil, fmt.Errorf("which identity providers were stopped is of version %d, this reads %d", r.V, stopsVersion)
	}
	return r.IdPs, nil
}

// Row is s as it is stored.
func (s Stops) Row() ([]byte, error) { return json.Marshal(stopsRow{stopsVersion, s}) }

// Stopped says whether an identity provider is stopped.
func (s Stops) Stopped(idp string) bool {
	stop, ok := s[idp]
	return ok && stop.Resumed.IsZero()
}

// Stop is s after an event said that an identity provider is to be stopped, and whether
// that is news. An event that was heard before somebody resumed it stops nothing again;
// one that was not does, whenever it was sent.
func (s Stops) Stop(idp, key, why string, at time.Time) (Stops, bool) {
	stop, known := s[idp]
	if slices.Contains(stop.Heard, key) {
		return s, false
	}
	if !known || !stop.Resumed.IsZero() {
		stop = Stop{Since: at.UTC(), By: key, Why: why[:min(len(why), maxWhy)], Heard: stop.Heard}
	}
	stop.Heard = append(slices.Clone(stop.Heard), key)
	stop.Heard = stop.Heard[max(0, len(stop.Heard)-maxHeard):]
	return s.with(idp, stop, at), true
}

// Resume is s after somebody believes an identity provider again, and whether it was
// stopped.
func (s Stops) Resume(idp string, now time.Time) (Stops, bool) {
	if !s.Stopped(idp) {
		return s, false
	}
	stop := s[idp]
	stop.Resumed = now.UTC()
	return s.with(idp, stop, now), true
}

// with never changes s, and forgets what was resumed long ago.
func (s Stops) with(idp string, stop Stop, now time.Time) Stops {
	next := maps.Clone(s)
	if next == nil {
		next = Stops{}
	}
	maps.DeleteFunc(next, func(_ string, old Stop) bool {
		return !old.Resumed.IsZero() && now.Sub(old.Resumed) > forgetStop
	})
	next[idp] = stop
	return next
}

// Stopped is the record of an identity provider that an event stopped: suspended, as if
// the administrator had switched it off.
func (r Record) Stopped() Record {
	r.source.Suspended = true
	return r
}
