package cloud

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
)

// carrierName is the one bus and the one topic that there are.
const carrierName = "fc-sso"

// maxDelivered is how many events are kept for tests to look at.
const maxDelivered = 10_000

// Delivery is what a bus or a topic took.
type Delivery struct {
	Service string `json:"service"` // eventbridge or mns
	Name    string `json:"name"`    // of the bus or topic
	Text    string `json:"text"`    // the event, the message's body
	Caller  string `json:"caller"`
}

// deliveries keeps what was taken, in memory only: nobody subscribes here.
type deliveries struct {
	mu   sync.Mutex
	list []Delivery
}

func (d *deliveries) add(taken Delivery) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = append(d.list, taken)
	d.list = d.list[max(0, len(d.list)-maxDelivered):]
}

// Delivered shows what the bus and the topic took. It belongs on the admin address
// only.
func (c *Cloud) Delivered() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c.delivered.mu.Lock()
		list := slices.Clone(c.delivered.list)
		c.delivered.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(append([]Delivery{}, list...))
	})
}
