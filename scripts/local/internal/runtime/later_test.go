package runtime_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/delivery"
	"github.com/fc-sso/fc-sso/scripts/local/internal/runtime"
)

// later is a queue before the runtime, as the stack has it.
func (w world) later(t *testing.T) *delivery.Queue {
	t.Helper()
	q, err := delivery.New(t.Context(), delivery.Options{Timers: "off", Now: time.Now, Invoke: func(ctx context.Context, i delivery.Invocation) error {
		_, err := w.manager.Do(ctx, runtime.Call{Function: i.Function, RequestID: i.RequestID, Payload: i.Payload, Retry: i.Retry})
		if fault, ok := errors.AsType[*runtime.PlatformError](err); ok && fault.Type != "" {
			return delivery.FunctionError{Text: fault.Error()}
		}
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(q.Close)
	return q
}

func put(t *testing.T, q *delivery.Queue, payload string) {
	t.Helper()
	if err := q.Put(delivery.Invocation{Function: "probe", Payload: []byte(payload)}); err != nil {
		t.Fatal(err)
	}
}

// TestTwoEventsAtOnceHaveTwoInstances, and the event of one that is killed comes again,
// to another, while its neighbour goes on.
func TestTwoEventsAtOnceHaveTwoInstances(t *testing.T) {
	w := start(t, func(f *runtime.Function, _ *runtime.Options) { f.HTTP = false })
	q := w.later(t)
	put(t, q, `{"rawPath":"/hang-first"}`)
	put(t, q, `{"rawPath":"/hang-first"}`)
	var pids []int
	waitFor(t, "two instances at work", func() bool {
		pids = nil
		for _, i := range w.manager.Instances()["probe"] {
			if state(i.PID) != "T" {
				pids = append(pids, i.PID)
			}
		}
		return len(pids) == 2 && q.Status().InFlight == 2
	})
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}
	if err := q.Await(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status := q.Status(); status.Done != 2 || status.Retried != 2 || len(status.Dead) != 0 {
		t.Errorf("%+v", status)
	}
	for _, i := range w.manager.Instances()["probe"] {
		if i.PID == pids[0] || i.PID == pids[1] {
			t.Errorf("%d lives", i.PID)
		}
	}
}

func TestAFunctionKnowsThatItIsTriedAgain(t *testing.T) {
	w := start(t, nil)
	for retry, want := range map[int]string{0: `"RetryCount":0`, 2: `"RetryCount":2`} {
		answer, err := w.manager.Do(t.Context(), runtime.Call{Function: "probe", RequestID: "1-2-3", Payload: []byte(`{}`), Retry: retry})
		var response struct{ Body []byte }
		if err == nil {
			err = json.Unmarshal(answer, &response)
		}
		if told := string(response.Body); err != nil || !strings.Contains(told, want) || !strings.Contains(told, `"RequestID":"1-2-3"`) {
			t.Errorf("%d: %s %v", retry, told, err)
		}
	}
}
