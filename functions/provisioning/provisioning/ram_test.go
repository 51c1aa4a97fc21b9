package provisioning_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/fc-sso/fc-sso/functions/provisioning/provisioning"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
)

// fakeRAM keeps users and groups as the effects would leave them.
type fakeRAM struct {
	mu      sync.Mutex
	users   map[string]userThere
	groups  map[string]bool
	busy    map[string]int
	overlap []string
	calls   []string
	fails   func(what string) error
	during  func(what string) // nil: nothing
}

type userThere struct {
	Display string
	Active  bool
	Groups  []string
}

func newRAM() *fakeRAM {
	return &fakeRAM{users: map[string]userThere{}, groups: map[string]bool{}, busy: map[string]int{}}
}

// enter notes a call; two at once for one thing are told of.
func (f *fakeRAM) enter(what string) (during func(string), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, what)
	f.busy[what]++
	if f.busy[what] > 1 {
		f.overlap = append(f.overlap, what)
	}
	if f.fails != nil {
		err = f.fails(what)
	}
	return f.during, err
}

func (f *fakeRAM) leave(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy[what]--
}

func (f *fakeRAM) user(_ context.Context, u provisioning.User) error {
	id := u.Account.ID().String() + " " + u.Name
	during, err := f.enter(id)
	defer f.leave(id)
	if during != nil {
		during(id)
	}
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	there, exists := f.users[id]
	if former, has := f.users[u.Account.ID().String()+" "+u.Formerly]; !exists && has {
		there, exists = former, true
		delete(f.users, u.Account.ID().String()+" "+u.Formerly)
	}
	switch {
	case !exists && !u.There:
		return nil
	case u.Status == lifecycle.Gone:
		delete(f.users, id)
		return nil
	case u.Status == lifecycle.Inactive:
		if u.There {
			there.Display = u.DisplayName
		}
		there.Active, there.Groups = false, without(there.Groups, u.Left)
		f.users[id] = there
		return nil
	}
	there.Display, there.Active = u.DisplayName, true
	for _, g := range u.Groups {
		if !f.groups[u.Account.ID().String()+" "+g] {
			return fmt.Errorf("RAM has no group %s", g)
		}
		there.Groups = append(slices.Clone(there.Groups), g)
	}
	there.Groups = without(there.Groups, u.Left)
	slices.Sort(there.Groups)
	there.Groups = slices.Compact(there.Groups)
	f.users[id] = there
	return nil
}

func without(groups, left []string) []string {
	return slices.DeleteFunc(slices.Clone(groups), func(g string) bool { return slices.Contains(left, g) })
}

func (f *fakeRAM) group(_ context.Context, g provisioning.Group) error {
	id, former := g.Account.ID().String()+" "+g.Name, g.Account.ID().String()+" "+g.Formerly
	_, err := f.enter(id)
	defer f.leave(id)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if g.Gone {
		delete(f.groups, id)
	} else {
		f.groups[id] = true
	}
	if g.Gone || g.Formerly != "" && f.groups[former] {
		delete(f.groups, former)
		for name, u := range f.users {
			if i := slices.Index(u.Groups, g.Formerly); i >= 0 && !g.Gone {
				u.Groups[i] = g.Name
			}
			if g.Gone {
				u.Groups = slices.DeleteFunc(u.Groups, func(n string) bool { return n == g.Name })
			}
			f.users[name] = u
		}
	}
	return nil
}

// text is all of RAM.
func (f *fakeRAM) text() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var lines []string
	for name, u := range f.users {
		lines = append(lines, fmt.Sprintf("user %s %q active=%v %v", name, u.Display, u.Active, u.Groups))
	}
	for name := range maps.Keys(f.groups) {
		lines = append(lines, "group "+name)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
