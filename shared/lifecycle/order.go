package lifecycle

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// Order says which of two events about one thing is the newer: by the version that the
// sender counts, else by its time; the key decides what neither does, so that everybody
// decides alike. Who counts versions counts them in all events.
type Order struct {
	Version int64     `json:"version,omitempty"`
	At      time.Time `json:"at"`
	Key     string    `json:"key"`
}

// IsZero says that nothing was said yet.
func (o Order) IsZero() bool { return o.Key == "" }

// Compare is below 0 where o is the older, 0 where both are one event.
func (o Order) Compare(other Order) int {
	return cmp.Or(cmp.Compare(o.Version, other.Version), o.At.Compare(other.At), strings.Compare(o.Key, other.Key))
}

// After says that o is newer. Everything is after nothing.
func (o Order) After(other Order) bool {
	return !o.IsZero() && (other.IsZero() || o.Compare(other) > 0)
}

// Text compares byte by byte as the orders do.
func (o Order) Text() string {
	if o.IsZero() {
		return ""
	}
	return fmt.Sprintf("%019d %019d %s", o.Version, o.At.UnixNano(), o.Key)
}
