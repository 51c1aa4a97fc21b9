package stories_test

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/ram"
)

// hr is who sends events, by the operator's key.
type hr struct {
	t *testing.T
	s *stack.Stack
}

func (h hr) key() ram.Credentials {
	return ram.Credentials{AccessKeyID: h.s.Cloud.AccessKeyID, AccessKeySecret: ram.Secret(h.s.Cloud.AccessKeySecret)}
}

// sample is an event as its sender puts it: of template/events, and of this moment.
func (h hr) sample(name string) map[string]any {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join("../../template/events", name+".json"))
	if err != nil {
		h.t.Fatal(err)
	}
	var event map[string]any
	if err := json.Unmarshal(text, &event); err != nil {
		h.t.Fatal(err)
	}
	event["time"] = time.Now().Format(time.RFC3339)
	return event
}

func (h hr) text(event map[string]any) []byte {
	h.t.Helper()
	text, err := json.Marshal(event)
	if err != nil {
		h.t.Fatal(err)
	}
	return text
}

func (h hr) put(event map[string]any) {
	h.t.Helper()
	err := openapi.New(time.Now, rand.Reader).PutEvent(h.t.Context(), openapi.BusEvent{
		Endpoint: h.s.Cloud.EventBridge, Event: h.text(event), Credentials: h.key(),
	})
	if err != nil {
		h.t.Error(err)
	}
}

func (h hr) publish(event map[string]any) {
	h.t.Helper()
	err := openapi.New(time.Now, rand.Reader).Publish(h.t.Context(), openapi.TopicMessage{
		Endpoint: h.s.Cloud.MNS, Topic: "hr", Text: string(h.text(event)), Credentials: h.key(),
	})
	if err != nil {
		h.t.Error(err)
	}
}

// invocations counts how often provisioning was invoked, by its log.
func (h hr) invocations() int {
	h.t.Helper()
	text, err := os.ReadFile(filepath.Join(h.s.Data, "logs/sso-provisioning.log"))
	if err != nil {
		h.t.Fatal(err)
	}
	return strings.Count(string(text), "FC Invoke End")
}

// TestEventsAreDelivered by the bus, by the topic, by timers and to order, as often as
// the platform pleases, and where an instance was killed, to another.
func TestEventsAreDelivered(t *testing.T) {
	t.Parallel()
	h := hr{t, stack.Start(t, stack.Options{})}
	h.put(h.sample("eventbridge-person-changed"))
	h.publish(h.sample("eventbridge-member-added"))
	h.s.InvokeLater(t, "provisioning", []byte(`{"a":1,"a":2}`))
	if status := h.s.AwaitDelivered(t); status.Done != 3 || len(status.Dead) != 0 || h.invocations() != 3 {
		t.Errorf("%+v, %d invocations", status, h.invocations())
	}
	h.s.ForgetDelivery(t)
	h.s.Delivery(t, map[string]any{"duplicates": 100, "shuffle": true, "backoff": "10ms", "shape": "texts", "batch": 2})
	for _, pid := range h.s.PIDs(t)["provisioning"] {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	h.s.PutEvents(t, h.sample("eventbridge-person-changed"), h.sample("eventbridge-person-left"), h.sample("eventbridge-group-changed"))
	h.s.Publish(t, h.sample("eventbridge-person-disabled"), "no event")
	if status := h.s.AwaitDelivered(t); status.Done != 12 || len(status.Dead) != 0 {
		t.Errorf("%+v", status)
	}
	before := h.invocations()
	h.s.Delivery(t, map[string]any{"timers": "20ms", "duplicates": 0})
	h.awaitTimer(before + 3)
	h.s.Delivery(t, map[string]any{"timers": "off"})
}

func (h hr) awaitTimer(invocations int) {
	h.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(time.Minute)
	for h.invocations() < invocations {
		select {
		case <-tick.C:
		case <-limit:
			h.t.Fatal("the timer does not come")
		}
	}
}
