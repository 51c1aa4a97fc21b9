package stack

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/local/internal/delivery"
)

// DeliveryStatus is what waits, what was delivered and what was given up.
type DeliveryStatus = delivery.Status

// PutEvents puts CloudEvents on the bus hr, of which provisioning is told, as HR would
// that has the key for it.
func (s *Stack) PutEvents(tb testing.TB, events ...any) {
	tb.Helper()
	s.admin(tb, http.MethodPost, "/events", append([]any{}, events...))
}

// Publish publishes messages into the topic hr, likewise: texts, or what is to be the
// text as JSON.
func (s *Stack) Publish(tb testing.TB, messages ...any) {
	tb.Helper()
	s.admin(tb, http.MethodPost, "/messages", append([]any{}, messages...))
}

// InvokeLater hands a payload, byte for byte, to a function that nobody waits for, by
// the name of its folder.
func (s *Stack) InvokeLater(tb testing.TB, function string, payload []byte) {
	tb.Helper()
	s.ask(tb, http.MethodPost, "/functions/"+function, payload, http.Header{"X-Fc-Invocation-Type": {"Async"}})
}

// Delivery says how badly things are delivered, by the names of delivery.Settings; what
// is not named stays as it is.
func (s *Stack) Delivery(tb testing.TB, settings map[string]any) {
	tb.Helper()
	s.admin(tb, http.MethodPost, "/delivery", settings)
}

// DeliveryStatus is the queue as it is now.
func (s *Stack) DeliveryStatus(tb testing.TB) DeliveryStatus {
	tb.Helper()
	return s.deliveryStatus(tb, "/delivery")
}

// AwaitDelivered returns when all that was sent is delivered, or given up.
func (s *Stack) AwaitDelivered(tb testing.TB) DeliveryStatus {
	tb.Helper()
	return s.deliveryStatus(tb, "/delivery?wait=5m")
}

// ForgetDelivery forgets what waits, and what was counted and given up.
func (s *Stack) ForgetDelivery(tb testing.TB) {
	tb.Helper()
	s.admin(tb, http.MethodDelete, "/delivery", nil)
}

func (s *Stack) deliveryStatus(tb testing.TB, path string) DeliveryStatus {
	tb.Helper()
	var status DeliveryStatus
	if err := json.Unmarshal(s.admin(tb, http.MethodGet, path, nil), &status); err != nil {
		tb.Fatal(err)
	}
	return status
}
