package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/delivery"
)

// world is a queue whose function does what a test says.
type world struct {
	*delivery.Queue
	t *testing.T

	mu    sync.Mutex
	calls []delivery.Invocation
	now   int // at work at this moment
	most  int
}

func start(t *testing.T, function func(delivery.Invocation) error) *world {
	t.Helper()
	w := &world{t: t}
	var err error
	w.Queue, err = delivery.New(t.Context(), delivery.Options{Account: "1000000000000001", Region: "cn-hangzhou", Timers: "off", Now: time.Now, Invoke: func(_ context.Context, i delivery.Invocation) error {
		w.mu.Lock()
		w.calls = append(w.calls, i)
		w.now++
		w.most = max(w.most, w.now)
		w.mu.Unlock()
		defer func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.now--
		}()
		return function(i)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	w.set(`{"backoff":"1ms"}`)
	return w
}

func (w *world) set(settings string) {
	w.t.Helper()
	if status, body := w.ask(http.MethodPost, "/delivery", settings); status != http.StatusOK {
		w.t.Fatalf("%s: %s", settings, body)
	}
}

func (w *world) ask(method, target, body string) (int, string) {
	recorder := httptest.NewRecorder()
	w.Admin().ServeHTTP(recorder, httptest.NewRequest(method, target, strings.NewReader(body)))
	return recorder.Code, recorder.Body.String()
}

func (w *world) put(n int) {
	w.t.Helper()
	for i := range n {
		if err := w.Put(delivery.Invocation{Function: "f", RequestID: "r", Payload: fmt.Append(nil, i)}); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) await() delivery.Status {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	if err := w.Await(ctx); err != nil {
		w.t.Fatal(err)
	}
	return w.Status()
}

func (w *world) payloads() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []string
	for _, c := range w.calls {
		list = append(list, string(c.Payload))
	}
	return list
}

func well(delivery.Invocation) error { return nil }

func TestWhatFailsIsTriedAgainThriceAndThenDead(t *testing.T) {
	w := start(t, func(delivery.Invocation) error { return delivery.FunctionError{Text: "no"} })
	w.put(1)
	status := w.await()
	want := delivery.DeadLetter{Function: "f", Payload: "0", Error: "no", Attempts: 4}
	if len(status.Dead) != 1 || status.Dead[0] != want || status.Retried != 3 || status.Done != 0 {
		t.Errorf("%+v", status)
	}
	for n, call := range w.calls {
		if call.Retry != n || call.RequestID != "r" {
			t.Errorf("attempt %d: %+v", n, call)
		}
	}
}

func TestThePlatformIsMoreForbearingWithItself(t *testing.T) {
	left := 9
	w := start(t, func(delivery.Invocation) error {
		if left--; left > 0 {
			return errors.New("429")
		}
		return nil
	})
	w.put(1)
	if status := w.await(); status.Done != 1 || len(status.Dead) != 0 || status.Retried != 8 {
		t.Errorf("%+v", status)
	}
}

func TestEventsComeTwiceAndThrice(t *testing.T) {
	for percent, want := range map[int]func(n int) bool{
		0:   func(n int) bool { return n == 100 },
		50:  func(n int) bool { return n > 130 && n < 220 },
		100: func(n int) bool { return n == 300 },
	} {
		w := start(t, well)
		w.set(fmt.Sprintf(`{"duplicates":%d}`, percent))
		w.put(100)
		w.await()
		times := map[string]int{}
		for _, payload := range w.payloads() {
			times[payload]++
		}
		if n := len(w.payloads()); !want(n) || len(times) != 100 {
			t.Errorf("%d%%: %d invocations of %d events", percent, n, len(times))
		}
	}
}

func TestEventsComeInAnyOrderWhereToldSo(t *testing.T) {
	for shuffle, sorted := range map[bool]bool{false: true, true: false} {
		w := start(t, well)
		w.set(fmt.Sprintf(`{"hold":true,"shuffle":%v,"at_once":1}`, shuffle))
		w.put(10)
		if status := w.Status(); status.Queued != 10 || status.Done != 0 || w.Await(t.Context()) == nil {
			t.Errorf("held back: %+v", status)
		}
		w.set(`{"hold":false}`)
		w.await()
		got := w.payloads()
		if slices.IsSorted(got) != sorted || len(got) != 10 || len(slices.Compact(slices.Sorted(slices.Values(got)))) != 10 {
			t.Errorf("shuffle %v: %q", shuffle, got)
		}
	}
}

// TestAsManyAtOnceAsTold has two invocations meet: each waits for the other.
func TestAsManyAtOnceAsTold(t *testing.T) {
	met := make(chan struct{})
	w := start(t, func(delivery.Invocation) error {
		select {
		case met <- struct{}{}:
		case <-met:
		}
		return nil
	})
	w.set(`{"at_once":2}`)
	w.put(10)
	if status := w.await(); status.Done != 10 || w.most != 2 {
		t.Errorf("%+v, %d at once", status, w.most)
	}
}

func TestTooMuchIsRefused(t *testing.T) {
	w := start(t, well)
	if err := w.Put(delivery.Invocation{Payload: make([]byte, 128<<10+1)}); err == nil {
		t.Error("128 KB and one byte were taken")
	}
	for _, settings := range []string{
		`{"duplicates":101}`, `{"at_once":0}`, `{"retries":9}`, `{"backoff":"0s"}`, `{"backoff":"soon"}`, `{"shape":"xml"}`, `{"batch":0}`,
		`{"timers":"1ns"}`, `{"timers":"never"}`, `{"shuffel":true}`, `[]`,
	} {
		if status, _ := w.ask(http.MethodPost, "/delivery", settings); status != http.StatusBadRequest {
			t.Errorf("%s: %d", settings, status)
		}
	}
}

func TestWhatWaitsCanBeForgotten(t *testing.T) {
	w := start(t, well)
	w.set(`{"hold":true}`)
	w.put(3)
	if status, body := w.ask(http.MethodGet, "/delivery?wait=1s", ""); status != http.StatusGatewayTimeout || !strings.Contains(body, "held back") {
		t.Errorf("%d %s", status, body)
	}
	w.ask(http.MethodDelete, "/delivery", "")
	if status, body := w.ask(http.MethodGet, "/delivery?wait=1s", ""); status != http.StatusOK || !strings.Contains(body, `"queued":0`) || !strings.Contains(body, `"backoff":"1ms"`) {
		t.Errorf("%d %s", status, body)
	}
}

func TestTimersComeUntilTheyAreOff(t *testing.T) {
	came := make(chan string)
	w := start(t, func(i delivery.Invocation) error {
		came <- string(i.Payload)
		return nil
	})
	w.Start(t.Context(), delivery.Timer{Function: "f", Name: "each-minute", Payload: `{"job":"events"}`})
	w.set(`{"timers":"10ms"}`)
	for range 3 {
		if payload := <-came; !strings.Contains(payload, `"payload":"{\"job\":\"events\"}","triggerName":"each-minute","triggerTime":"20`) {
			t.Errorf("%s", payload)
		}
	}
	w.await() // for nothing: nobody waits for timers
	w.set(`{"timers":"off"}`)
	w.Clear()
}
