package stories_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
)

// letter is an event that ssoctl lists: given up, or waiting.
type letter struct{ Key, Code, Detail string }

func listed(t *testing.T, s *stack.Stack, flags ...string) []letter {
	t.Helper()
	command := exec.CommandContext(context.WithoutCancel(t.Context()), filepath.Join(stack.Bin(t), "ssoctl"), append([]string{"events", "list", "-o", "json"}, flags...)...)
	command.Env = append(os.Environ(), "SSO_LOCAL_STACK=1", "SSO_URL="+s.URL,
		"SSO_OTS_ENDPOINT="+s.Tablestore.Endpoint, "SSO_OTS_INSTANCE="+s.Tablestore.Instance,
		"ALIBABA_CLOUD_ACCESS_KEY_ID="+s.Tablestore.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+s.Tablestore.AccessKeySecret, "ALIBABA_CLOUD_SECURITY_TOKEN=")
	said, err := command.Output()
	if err != nil {
		t.Fatalf("ssoctl: %v %s", err, said)
	}
	var letters []letter
	if err := json.Unmarshal(said, &letters); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return letters
}

// badOnesGo: what can never be done is given up with its reason, each for itself, and
// what comes after it is done.
func badOnesGo(t *testing.T, s *stack.Stack) {
	t.Helper()
	number := 0
	event := func(kind string, data map[string]any) cloudEvent {
		number++
		data["idp"] = "acme"
		return cloudEvent{
			ID: fmt.Sprint("bad-", number), Source: "acme.hr", SpecVersion: "1.0", Type: "fcsso." + kind, DataContentType: "application/json",
			Time: time.Now().UTC().Format(time.RFC3339Nano), Data: data,
		}
	}
	person := func(id, name string) cloudEvent {
		return event("person.changed", map[string]any{"id": id, "person": id + "@acme.example", "userName": name, "email": name + "@acme.example", "displayName": name})
	}
	member := func(id, group string) cloudEvent {
		return event("member.added", map[string]any{"id": id, "group": group})
	}
	stranger := person("20", "mallory")
	stranger.Source = "somebody.else"
	late := person("21", "late")
	late.Time = time.Now().Add(time.Hour).UTC().Format(time.RFC3339)

	s.Limit(t, development, stack.Limits{GroupsPerUser: 2})
	s.PutEvents(t, event("group.changed", map[string]any{"id": "g7", "name": "staff"}), event("group.changed", map[string]any{"id": "g8", "name": "All Employees"}))
	s.PutEvents(t, event("person.promoted", map[string]any{"id": "22"}), stranger, late, // unknown, refused, ahead
		member("23", "g7"), person("23", "\u0430da"), // a Cyrillic a
		member("24", "g7"), person("24", "eve"))
	for i := range 2 {
		group := fmt.Sprint("g2", i)
		s.PutEvents(t, event("group.changed", map[string]any{"id": group, "name": "team-" + group}), member("24", group))
	}
	s.InvokeLater(t, "provisioning", []byte(strings.Repeat(`{"data":[`, 14_000)))
	s.PutEvents(t, member("25", "g7"), person("25", "grace"))
	if status := s.AwaitDelivered(t); len(status.Dead) > 0 {
		t.Errorf("the platform was to deliver again: %+v", status.Dead)
	}
	until(t, time.Minute, "who comes after the bad ones has a user", func() bool { return ramUser(t, s, "grace").active })

	var codes []string
	for _, l := range listed(t, s) {
		codes = append(codes, l.Code)
		if l.Detail == "" {
			t.Errorf("%s without a detail", l.Code)
		}
	}
	slices.Sort(codes)
	for _, want := range []string{"event_malformed", "event_refused", "event_time", "event_unknown", "group_invalid", "principal_invalid", "ram_limit"} {
		if !slices.Contains(codes, want) {
			t.Errorf("dead letters %q, and none is %s", codes, want)
		}
	}
}
