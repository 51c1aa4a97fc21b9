// Package difference says what becomes other when one federation takes the place
// of another, so that a person can read it before and an auditor after.
//
// In: two drafts. Out: a [Difference]: what comes, goes, changes field by field in
// the words of federation.yaml, and moves, with what is dangerous about it. The
// contents of files and certificates are shown by hash and size alone. Nothing is
// refused: whether a draft is right was asked before.
package difference

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/fc-sso/fc-sso/shared/federation"
)

// Kind is what happens to one entry.
type Kind string

// The kinds.
const (
	Added   Kind = "added"
	Removed Kind = "removed"
	Changed Kind = "changed"
	Moved   Kind = "moved" // and nothing else about it changed
)

// Change is what happens to one entry of the file.
type Change struct {
	Kind   Kind     `json:"kind"`
	Name   string   `json:"name"`
	Fields []Field  `json:"fields,omitempty"`
	Place  string   `json:"place,omitempty"` // where a moved rule stands now
	Danger []string `json:"danger,omitempty"`
}

// Field is one thing that an entry says, in the words of federation.yaml. Old is
// empty where it said nothing of it, New where it no longer does.
type Field struct {
	Path string `json:"path"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`

	less, more []string // of a long list: what it no longer has, and what it has now
}

// Difference is all that happens, in the order of the files: what goes in the old
// one's, everything else in the new one's.
type Difference struct {
	IdentityProviders []Change `json:"identityProviders,omitempty"`
	Accounts          []Change `json:"accounts,omitempty"`
	Rules             []Change `json:"rules,omitempty"`
}

// Of says what becomes other when after takes the place of before.
func Of(before, after federation.Draft) Difference {
	d := Difference{
		IdentityProviders: compare(before.IdentityProviders, after.IdentityProviders, identityProvider),
		Accounts:          compare(before.Accounts, after.Accounts, account),
		Rules:             compare(before.Rules, after.Rules, rule),
	}
	d.Rules = withMoves(d.Rules, before.Rules, after.Rules)
	return d
}

// IsZero says that nothing is decided otherwise.
func (d Difference) IsZero() bool {
	return len(d.IdentityProviders)+len(d.Accounts)+len(d.Rules) == 0
}

// Dangers says how many things ask for a second look.
func (d Difference) Dangers() int {
	n := 0
	for _, c := range slices.Concat(d.IdentityProviders, d.Accounts, d.Rules) {
		n += len(c.Danger)
	}
	return n
}

// entry is one entry of a file.
type entry struct {
	id, name string
	says     any
	danger   func(kind Kind, before, after map[string]value) []string
}

func compare[T any](before, after []T, read func(T) entry) []Change {
	was := map[string]entry{}
	stays := map[string]bool{}
	for _, v := range before {
		e := read(v)
		was[e.id] = e
	}
	var changes []Change
	for _, v := range after {
		e := read(v)
		old, ok := was[e.id]
		stays[e.id] = true
		kind := Changed
		if !ok {
			kind = Added
		}
		if c, differs := change(kind, old, e); differs {
			changes = append(changes, c)
		}
	}
	for _, v := range before {
		if e := read(v); !stays[e.id] {
			changes = append(changes, Change{Kind: Removed, Name: e.name, Danger: e.danger(Removed, e.fields(), nil)})
		}
	}
	return changes
}

// change compares field by field, where anything differs at all: most entries
// stay as they are.
func change(kind Kind, before, after entry) (Change, bool) {
	if kind == Changed && reflect.DeepEqual(before.says, after.says) {
		return Change{}, false
	}
	c := Change{Kind: kind, Name: after.name}
	was, is := before.fields(), after.fields()
	paths := slices.Collect(maps.Keys(is))
	for path := range was {
		if _, ok := is[path]; !ok {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	for _, path := range paths {
		if f, differs := field(path, was[path], is[path]); differs {
			c.Fields = append(c.Fields, f)
		}
	}
	c.Danger = after.danger(kind, was, is)
	return c, kind == Added || len(c.Fields) > 0
}

// withMoves adds where rules stand now that stood otherwise to those which stayed.
// Only rules of one identity provider meet, so only their order decides anything.
func withMoves(changes []Change, before, after []federation.RuleDraft) []Change {
	place, was := map[string]string{}, byIdP(before)
	for idp, names := range byIdP(after) {
		maps.Copy(place, moves(was[idp], names))
	}
	for i, c := range changes {
		if where, ok := place[c.Name]; ok && c.Kind == Changed {
			changes[i].Place = where
			delete(place, c.Name)
		}
	}
	for _, r := range after {
		if where, ok := place[r.Name]; ok {
			changes = append(changes, Change{Kind: Moved, Name: r.Name, Place: where})
		}
	}
	return changes
}

func byIdP(rules []federation.RuleDraft) map[string][]string {
	names := map[string][]string{}
	for _, r := range rules {
		names[r.IdP] = append(names[r.IdP], r.Name)
	}
	return names
}

// moves says of the fewest names that one would have to move by hand where they
// stand now. Names that only one of the lists has are not moved.
func moves(before, after []string) map[string]string {
	was := map[string]int{}
	for i, name := range before {
		was[name] = i
	}
	common := slices.DeleteFunc(slices.Clone(after), func(name string) bool { _, ok := was[name]; return !ok })
	stays := rising(common, was)
	place := map[string]string{}
	for i, name := range after {
		switch _, ok := was[name]; {
		case !ok || stays[name]:
		case i == 0:
			place[name] = "now first"
		default:
			place[name] = fmt.Sprintf("now after %q", after[i-1])
		}
	}
	return place
}

// rising finds the longest list of names that stand in the same order as they
// did: the longest increasing subsequence, by patience sorting.
func rising(names []string, was map[string]int) map[string]bool {
	var tops []int // of each pile: place in names of its last card
	below := make([]int, len(names))
	for i, name := range names {
		pile, _ := slices.BinarySearchFunc(tops, was[name], func(top, place int) int { return was[names[top]] - place })
		below[i] = -1
		if pile > 0 {
			below[i] = tops[pile-1]
		}
		if pile == len(tops) {
			tops = append(tops, i)
		} else {
			tops[pile] = i
		}
	}
	stays := map[string]bool{}
	if len(tops) > 0 {
		for i := tops[len(tops)-1]; i >= 0; i = below[i] {
			stays[names[i]] = true
		}
	}
	return stays
}
