package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/shared/book"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/store"
)

const (
	versions  = 4   // of a federation, which differ in every row
	providers = 250 // of each: more rows than one batch takes
	readers   = 3
)

// storm is a deployment on which several people apply at once, are killed, and
// lose answers, while sign-ins go on.
type storm struct {
	server  *stack.Stack
	program string
	files   []string
	known   map[string]federation.Revision // by ID
	order   []string                       // IDs by version

	mu      sync.Mutex
	applied []string // as reported
	killed  int
	calm    atomic.Bool
}

// TestNobodyEverReadsAMixedRevision: real processes apply at the same time, are
// killed at any moment, and answers of the store are lost. Whatever a reader gets
// is one revision whole, and no apply that said so is undone unseen.
func TestNobodyEverReadsAMixedRevision(t *testing.T) {
	s := newStorm(t)
	began := time.Now()
	s.run(t, t.Context(), 0, 0) // the tables, and something to read
	patience := 3 * time.Since(began)
	var reading, applying sync.WaitGroup
	reads := make([]int, readers)
	for i := range readers {
		reading.Go(func() { reads[i] = s.readOn(t) })
	}
	reading.Go(func() { s.loseAnswers(t) })
	for range 2 {
		applying.Go(func() {
			for round := range rounds() {
				kill := rand.N(patience)
				if round%3 == 0 {
					kill = 0
				}
				s.run(t, t.Context(), rand.IntN(versions), kill)
			}
		})
	}
	applying.Wait()
	s.calm.Store(true)
	reading.Wait()
	s.server.ClearFaults(t)

	for version := range 2 { // nobody is killed any more
		applying.Go(func() { s.run(t, t.Context(), version, 0) })
	}
	applying.Wait()
	s.checkHead(t)
	s.checkHistory(t)
	t.Logf("%d applied, %d killed, readings %v", len(s.applied), s.killed, reads)
	if s.killed == 0 || len(s.applied) < 3 || slices.Min(reads) == 0 {
		t.Error("there was no storm")
	}
}

// rounds is how often each of two people applies: more in scripts/test long.
func rounds() int {
	if n, err := strconv.Atoi(os.Getenv("SSO_TEST_ROUNDS")); err == nil {
		return max(10, n/25)
	}
	return 10
}

func newStorm(t *testing.T) *storm {
	t.Helper()
	s := &storm{server: stack.Tablestore(t), program: filepath.Join(t.TempDir(), "ssoctl"), known: map[string]federation.Revision{}}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", s.program, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for version := range versions {
		file := write(t, versionOf(version))
		revision, err := program{stderr: os.Stderr}.read(file, federation.Options{AllowLoopback: true})
		if err != nil {
			t.Fatal(err)
		}
		s.files, s.order = append(s.files, file), append(s.order, revision.ID())
		s.known[revision.ID()] = revision
	}
	return s
}

// versionOf says the version in every row: names, and how long sessions are. The
// issuers are ones that nobody reaches, so that keys are not what is tested.
func versionOf(version int) string {
	var idps, rules strings.Builder
	for i := range providers {
		fmt.Fprintf(&idps, "  - {id: p%03d, displayName: version %d, oidc: {issuer: \"https://127.0.0.1:1/p%03d\", audiences: [a]}}\n", i, version, i)
		fmt.Fprintf(&rules, "  - {name: rule %d, idp: p%03d, roles: [\"acs:ram::1234567890123456:role/reader\"], condition: {StringEquals: {\"oidc:sub\": [x]}}, session: {duration: %dh}}\n", i, i, version+1)
	}
	return "identityProviders:\n" + idps.String() + "accounts:\n  - {id: \"1234567890123456\", alias: version-" + strconv.Itoa(version) + "}\nrules:\n" + rules.String()
}

var reported = regexp.MustCompile(`(?m)^revision ([0-9a-f]{16}) applied`)

// run applies a version, and kills whoever does after so long (0: never).
func (s *storm) run(t *testing.T, ctx context.Context, version int, kill time.Duration) {
	t.Helper()
	if kill > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, kill) // then os/exec kills by SIGKILL
		defer cancel()
	}
	command := exec.CommandContext(ctx, s.program, "apply", "-f", s.files[version])
	for name, value := range settings(s.server) {
		command.Env = append(command.Env, name+"="+value)
	}
	var out, faults bytes.Buffer
	command.Stdout, command.Stderr = &out, &faults
	err := command.Run()
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := reported.FindStringSubmatch(out.String()); found != nil {
		s.applied = append(s.applied, found[1])
	}
	said := faults.String()
	switch {
	case ctx.Err() != nil:
		s.killed++
	case err != nil && !strings.Contains(said, "another came first: revision ") && !strings.Contains(said, "store_unavailable"):
		t.Errorf("apply: %v: %s", err, said)
	}
}

// loseAnswers makes the store break in the ways that leave open what happened.
func (s *storm) loseAnswers(t *testing.T) {
	t.Helper()
	for i := 0; !s.calm.Load(); i++ {
		action := []string{"PutRow", "BatchWriteRow", "GetRange", "BatchGetRow", "GetRow"}[rand.IntN(5)]
		kind := []map[string]any{
			{"kind": "lost", "commit": true},
			{"kind": "lost", "commit": false},
			{"kind": "error", "commit": true, "code": "OTSServerBusy"},
			{"kind": "slow", "commit": true, "delay_ms": 50},
		}[rand.IntN(4)]
		kind["table"], kind["action"], kind["times"] = "sso_trust", action, 1
		s.server.Fault(t, kind)
		s.pause(t)
	}
}

// pause lets some of what the store does pass by: it is a call to it.
func (s *storm) pause(t *testing.T) {
	t.Helper()
	for range 5 {
		if _, err := s.trust().Head(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func (s *storm) trust() *store.Trust {
	env := settings(s.server)
	return store.NewTrust(store.Open(store.Config{
		Endpoint: env["SSO_OTS_ENDPOINT"], Instance: env["SSO_OTS_INSTANCE"], Now: time.Now,
		Credentials: func(context.Context) (ram.Credentials, error) {
			return ram.Credentials{AccessKeyID: env["ALIBABA_CLOUD_ACCESS_KEY_ID"], AccessKeySecret: ram.Secret(env["ALIBABA_CLOUD_ACCESS_KEY_SECRET"])}, nil
		},
	}))
}

// readOn is an instance for which 31 seconds pass between any two sign-ins. It
// returns how many it saw.
func (s *storm) readOn(t *testing.T) int {
	t.Helper()
	now, n := time.Now(), 0
	trust := s.trust()
	b := book.New(trust, func() time.Time { return now })
	for ; !s.calm.Load(); n++ {
		now = now.Add(31 * time.Second)
		reading, err := b.Read(t.Context())
		if err != nil {
			t.Error(err)
			return n
		}
		want, ok := s.known[reading.ID()]
		if !ok {
			t.Errorf("revision %q is nobody's", reading.ID())
			return n
		}
		if err := sameAs(t.Context(), want, reading); err != nil {
			t.Errorf("revision %s: %v", reading.ID(), err)
		}
		if n%10 == 0 { // whoever reads all rows computes the ID anew
			if _, err := (deployment{trust: trust}).stored(t.Context(), reading.ID()); err != nil {
				t.Error(err)
			}
		}
	}
	return n
}

// sameAs compares what a sign-in at some identity provider reads.
func sameAs(ctx context.Context, want federation.Revision, reading *book.Reading) error {
	listed, err := reading.IdentityProviders(ctx)
	if err != nil {
		return err
	}
	for i, s := range want.IdentityProviders() {
		if len(listed) != providers || listed[i].ID != s.ID || listed[i].DisplayName != s.DisplayName {
			return fmt.Errorf("identity provider %d is listed as %+v", i, listed[i])
		}
	}
	idp := fmt.Sprintf("p%03d", rand.IntN(providers))
	part, err := reading.Part(ctx, idp)
	if err != nil {
		return err
	}
	source, _ := part.IdentityProvider(idp)
	if wanted, _ := want.IdentityProvider(idp); source.DisplayName != wanted.DisplayName {
		return fmt.Errorf("%s is called %q", idp, source.DisplayName)
	}
	rules, accounts := part.Rules(), part.Accounts()
	if len(rules) != 1 || rules[0].Duration() != want.Rules()[0].Duration() || len(accounts) != 1 || accounts[0].Alias() != want.Accounts()[0].Alias() {
		return fmt.Errorf("rules and accounts of %s are others", idp)
	}
	return nil
}

// checkHead wants one that somebody was told is applied.
func (s *storm) checkHead(t *testing.T) {
	t.Helper()
	head, err := s.trust().Head(t.Context())
	if err != nil || !slices.Contains(s.applied, head.Revision) {
		t.Errorf("head %+v, %v; applied are %v", head, err, s.applied)
	}
	if head.Revision != s.order[0] && head.Revision != s.order[1] {
		t.Errorf("head %s is none of the two that were applied last", head.Revision)
	}
}

// checkHistory wants every reported apply on the one chain of what counted, and
// nothing on it that is not whole.
func (s *storm) checkHistory(t *testing.T) {
	t.Helper()
	d := deployment{trust: s.trust()}
	head, err := d.trust.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	counted := map[string]int{}
	err = d.back(t.Context(), head, func(at store.Head, e store.Entry) bool {
		counted[at.Revision]++
		if e.Revision != at.Revision || e.Before.Revision == at.Revision {
			t.Errorf("entry %+v at %+v", e, at)
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range s.applied {
		counted[id]--
	}
	for id, n := range counted {
		if n < 0 {
			t.Errorf("revision %s was reported %d times more than it counted", id, -n)
		}
		if _, err := d.stored(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
}
