package provisioning_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/functions/provisioning/provisioning"
	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/inbox"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/trust"
)

const (
	prod  = "1234567890123456" // manages users and groups
	test  = "2345678901234567" // manages users, and deletes
	other = "3456789012345678" // manages nothing
)

var errKilled = errors.New("the instance is dead")

// world is a store, a RAM and a clock that all instances share.
type world struct {
	t      *testing.T
	client *store.Client
	ram    *fakeRAM
	idp    string
	draft  federation.Draft

	mu     sync.Mutex
	offset time.Duration
	made   map[string]bool
	trust  []string
	denies error // what trust events are answered
	log    bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return worldOn(t, newStore(t), "okta")
}

func newStore(t *testing.T) *store.Client {
	t.Helper()
	s := stack.Tablestore(t)
	client := store.Open(store.Config{
		Endpoint: s.Tablestore.Endpoint, Instance: s.Tablestore.Instance, Now: time.Now,
		Credentials: func(context.Context) (ram.Credentials, error) {
			return ram.Credentials{AccessKeyID: s.Tablestore.AccessKeyID, AccessKeySecret: ram.Secret(s.Tablestore.AccessKeySecret)}, nil
		},
	})
	if _, err := store.CreateTables(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	return client
}

func worldOn(t *testing.T, client *store.Client, idp string) *world {
	t.Helper()
	people := store.NewPeople(client) // of the world before
	owned, err := people.Owned(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range owned {
		if err := people.Release(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	return &world{t: t, client: client, ram: newRAM(), idp: idp, draft: draft(idp), made: map[string]bool{}}
}

func draft(idp string) federation.Draft {
	account := func(id string, m federation.Manage) federation.AccountDraft {
		return federation.AccountDraft{
			ID: id, MaintenanceRole: "acs:ram::" + id + ":role/fc-sso-maintenance", Manage: m,
			UserSSO: &federation.UserSSO{Suffixes: []string{"acme.onaliyun.com"}},
		}
	}
	rule := func(name, account string, c federation.ConditionDraft) federation.RuleDraft {
		return federation.RuleDraft{
			Name: name, IdP: idp, Condition: &c,
			User: &federation.UserDraft{Account: account, Principal: "{{nameID}}@acme.onaliyun.com", Domains: []string{"acme.onaliyun.com"}, Create: account != other},
		}
	}
	dev := federation.ConditionDraft{Operators: map[string]map[string][]string{"StringEquals": {"saml:groups": {"dev"}}}}
	return federation.Draft{
		IdentityProviders: []trust.Source{{ID: idp, SAML: trust.SAML{MetadataURL: "https://acme.okta.com/metadata"}}},
		Accounts: []federation.AccountDraft{
			account(prod, federation.Manage{Users: true, Groups: true}),
			account(test, federation.Manage{Users: true, Delete: true}),
			account(other, federation.Manage{}),
		},
		Rules: []federation.RuleDraft{
			rule("everybody", prod, federation.ConditionDraft{Any: true}),
			rule("developers", test, dev),
			rule("by hand", other, federation.ConditionDraft{Any: true}),
		},
	}
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Add(w.offset)
}

func (w *world) turn(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.offset += d
}

// instance is one instance of the function; it dies at its at-th write, before or after
// that took effect; 0: never.
type instance struct {
	*world
	at        int
	committed bool

	mu     sync.Mutex
	writes int
}

func (w *world) instance() *instance { return &instance{world: w} }

func (w *world) mortal(at int, committed bool) *instance {
	return &instance{world: w, at: at, committed: committed}
}

func (i *instance) isDead() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.at > 0 && i.writes >= i.at
}

// write is one that may be the last.
func (i *instance) write(do func() error) error {
	i.mu.Lock()
	i.writes++
	dead, last := i.at > 0 && i.writes > i.at, i.at > 0 && i.writes == i.at
	i.mu.Unlock()
	if dead || last && !i.committed {
		return errKilled
	}
	err := do()
	if last {
		return errKilled
	}
	return err
}

// handle hands an instance a payload, which is a Delivery in JSON.
func (i *instance) handle(d provisioning.Delivery) error {
	i.t.Helper()
	revision, problems := federation.Compile(i.draft, federation.Options{})
	if len(problems) > 0 {
		i.t.Fatal(problems)
	}
	rooms := rooms{instance: i, events: store.NewEvents(i.client), people: store.NewPeople(i.client)}
	handle := provisioning.New(provisioning.Config{
		Log: slog.New(slog.NewJSONHandler(lockedLog{i.world}, nil)), Now: i.now,
		Read: func(payload []byte) (read provisioning.Delivery) {
			if err := json.Unmarshal(payload, &read); err != nil {
				i.t.Error(err)
			}
			return read
		},
		Federation: func(context.Context) (federation.Revision, error) { return revision, nil },
		Inbox:      inbox.Inbox{Events: rooms, People: rooms, Now: i.now},
		Events:     rooms, Owners: rooms, Effects: rooms,
		Trust: func(_ context.Context, e lifecycle.Event) error {
			return i.write(func() error {
				i.world.mu.Lock()
				defer i.world.mu.Unlock()
				i.trust = append(i.trust, string(e.Kind)+" "+e.IdP)
				return i.denies
			})
		},
	})
	payload, err := json.Marshal(d)
	if err != nil {
		i.t.Fatal(err)
	}
	return handle(i.t.Context(), payload)
}

func (i *instance) takes(events ...lifecycle.Event) {
	i.t.Helper()
	if err := i.handle(provisioning.Delivery{Events: events}); err != nil {
		i.t.Fatal(err)
	}
}

func (i *instance) sweeps() {
	i.t.Helper()
	if err := i.handle(provisioning.Delivery{Timer: true}); err != nil {
		i.t.Fatal(err)
	}
}

type lockedLog struct{ *world }

func (l lockedLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.log.Write(line)
}

var _ io.Writer = lockedLog{}
