package delivery

import (
	"fmt"
	"slices"
	"time"
)

// Settings are how badly things are delivered.
type Settings struct {
	Duplicates int    `json:"duplicates"` // percent of events that come twice, and of those, thrice
	Shuffle    bool   `json:"shuffle"`    // in any order
	Hold       bool   `json:"hold"`       // not at all, until told otherwise
	AtOnce     int    `json:"at_once"`    // at most so many at the same time
	Retries    int    `json:"retries"`    // after so many further failures a function's event is dead
	Backoff    Pause  `json:"backoff"`    // before the first of them; doubled before each other
	Shape      string `json:"shape"`      // of EventBridge: object, a rule's; objects or texts, a stream's
	Batch      int    `json:"batch"`      // so many events at most in one payload of a stream
	Timers     string `json:"timers"`     // how often those of each minute come: "1m", "2s"; "off"
}

// Pause is a duration that is written as "50ms".
type Pause time.Duration

// MarshalText writes it.
func (p Pause) MarshalText() ([]byte, error) { return []byte(time.Duration(p).String()), nil }

// UnmarshalText reads it.
func (p *Pause) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*p = Pause(d)
	return err
}

const (
	shapeObject  = "object"
	shapeObjects = "objects"
	shapeTexts   = "texts"
	timersOff    = "off"
)

// defaults are the platform's: three retries; one more event at once than there are
// instances would only wait.
func defaults(timers string) Settings {
	return Settings{AtOnce: 4, Retries: 3, Backoff: Pause(time.Second), Shape: shapeObject, Batch: 10, Timers: timers}
}

func (s Settings) check() error {
	switch {
	case s.Duplicates < 0 || s.Duplicates > 100:
		return fmt.Errorf("duplicates %d: want a percentage", s.Duplicates)
	case s.AtOnce < 1 || s.AtOnce > 64:
		return fmt.Errorf("at_once %d: want 1 to 64", s.AtOnce)
	case s.Retries < 0 || s.Retries > 8:
		return fmt.Errorf("retries %d: the platform takes 0 to 8", s.Retries)
	case s.Backoff <= 0 || time.Duration(s.Backoff) > time.Minute:
		return fmt.Errorf("backoff %v: want more than 0, at most 1m", time.Duration(s.Backoff))
	case !slices.Contains([]string{shapeObject, shapeObjects, shapeTexts}, s.Shape):
		return fmt.Errorf("shape %q: want object, objects or texts", s.Shape)
	case s.Batch < 1:
		return fmt.Errorf("batch %d: want 1 or more", s.Batch)
	}
	return CheckTimers(s.Timers)
}

// CheckTimers wants a time of at least 10ms, or off.
func CheckTimers(text string) error {
	_, err := Settings{Timers: text}.interval()
	return err
}

// interval is 0 where timers are off.
func (s Settings) interval() (time.Duration, error) {
	if s.Timers == timersOff {
		return 0, nil
	}
	d, err := time.ParseDuration(s.Timers)
	if err != nil || d < 10*time.Millisecond {
		return 0, fmt.Errorf("timers %q: want off, or 10ms and more", s.Timers)
	}
	return d, nil
}

// set takes new settings as a whole.
func (q *Queue) set(s Settings) error {
	if err := s.check(); err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.settings = s
	close(q.retimed)
	q.retimed = make(chan struct{})
	q.wake()
	return nil
}
