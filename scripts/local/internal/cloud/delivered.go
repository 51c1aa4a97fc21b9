package cloud

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
)

// carriers are the buses and the topics that there are: one for what the bundle tells,
// and one for what it is told.
func carriers() []string { return []string{"fc-sso", "hr"} }

// maxDelivered is how many events are kept for tests to look at.
const maxDelivered = 10_000

// Delivery is what a bus or a topic took.
type Delivery struct {
	Service string `json:"service"` // eventbridge or mns
	Name    string `json:"name"`    // of the bus or topic
	Text    string `json:"text"`    // the event, the message's body
	Caller  string `json:"caller"`
}

// deliveries keeps what was taken, in memory only, and tells whoever subscribed.
type deliveries struct {
	mu   sync.Mutex
	list []Delivery
	tell func(Delivery) // nil: nobody
}

func (d *deliveries) add(taken Delivery) {
	d.mu.Lock()
	d.list = append(d.list, taken)
	d.list = d.list[max(0, len(d.list)-maxDelivered):]
	tell := d.tell
	d.mu.Unlock()
	if tell != nil {
		tell(taken)
	}
}

// Subscribe has tell called with all that a bus or a topic takes from now on.
func (c *Cloud) Subscribe(tell func(Delivery)) {
	c.delivered.mu.Lock()
	defer c.delivered.mu.Unlock()
	c.delivered.tell = tell
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
