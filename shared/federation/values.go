package federation

import (
	"encoding/json"
	"iter"
	"slices"
)

// Values is a list of texts that nobody can change, so that a rule and what is
// told of it may share one.
type Values struct{ list []string }

// ValuesOf copies the list.
func ValuesOf(list ...string) Values { return Values{slices.Clone(list)} }

// All gives them in order.
func (v Values) All() iter.Seq[string] { return slices.Values(v.list) }

// Len is how many there are.
func (v Values) Len() int { return len(v.list) }

// IsZero says that there is none.
func (v Values) IsZero() bool { return len(v.list) == 0 }

// MarshalJSON writes them as a list.
func (v Values) MarshalJSON() ([]byte, error) { return json.Marshal(append([]string{}, v.list...)) }
