package cloud

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// Trouble is what a service does instead of its work, until told otherwise, to one
// request only, or to a share of them. A service has one trouble, and beside it a share
// of each kind.
type Trouble struct {
	Service string `json:"service"`           // one of services
	Kind    string `json:"kind"`              // "": none any more
	After   int    `json:"after,omitempty"`   // n: only the n-th request from now on; 0: every one
	Lasting bool   `json:"lasting,omitempty"` // the n-th and all that follow
	Writes  bool   `json:"writes,omitempty"`  // those that only read pass, and do not count
	Account string `json:"account,omitempty"` // those signed by a key of another account pass, and do not count
	Percent int    `json:"percent,omitempty"` // of those that count: chance has it, but the same at each start; 0: not a share
	Seed    int    `json:"seed,omitempty"`    // another has other requests of a share meet it
}

// services are those that can have trouble.
func services() []string { return []string{"sts", "signin", "kms", "ims", "ram", "eventbridge", "mns"} }

// lost is the trouble in which all is done and the answer does not arrive.
const lost = "lost"

// kindsOfTrouble are ways in which a service answers too late, nonsense or nothing.
func kindsOfTrouble() map[string]http.HandlerFunc {
	const half = `{"RequestId":"4AD8A08A","SigninToken":"cut`
	return map[string]http.HandlerFunc{
		"hang": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"drip": drip,
		"page": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "<html><body>a proxy's page</body></html>")
		},
		"empty": func(http.ResponseWriter, *http.Request) {},
		"null":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "null") },
		"half":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, half) },
		"broken off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "4096") // net/http hangs up when less was written
			_, _ = io.WriteString(w, half)
		},
		"error": func(w http.ResponseWriter, _ *http.Request) {
			writeFault(w, stsHost, newRequestID(), false, refuse(http.StatusInternalServerError, "InternalError", "STS Server Internal Error happened."))
		},
		"lie": lie,
		"throttling": func(w http.ResponseWriter, _ *http.Request) {
			writeFault(w, stsHost, newRequestID(), false, refuse(http.StatusBadRequest, "Throttling.User", "Request was denied due to user flow control."))
		},
	}
}

// drip begins an answer that never ends: each byte comes in time.
func drip(w http.ResponseWriter, r *http.Request) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
		}
	}
}

// Trouble makes trouble, or ends all that a service has. A share leaves the others, and
// one that is no share leaves the shares.
func (c *Cloud) Trouble(wish Trouble) error {
	_, known := kindsOfTrouble()[wish.Kind]
	if !slices.Contains(services(), wish.Service) || !known && wish.Kind != "" && wish.Kind != lost || wish.After < 0 || !wish.shareable() {
		return fmt.Errorf("no trouble %q of service %q", wish.Kind, wish.Service)
	}
	c.troubles.make(wish)
	return nil
}

// shareable answers whether a share is one: who is counted is not chosen by chance.
func (t Trouble) shareable() bool {
	return t.Percent == 0 && t.Seed == 0 || t.Percent > 0 && t.Percent <= 100 && t.Kind != "" && t.After == 0 && !t.Lasting
}

// Troubles returns the handler by which tests make trouble, POST one as JSON, and by
// which they see what was asked of IMS and RAM: GET, which answers Seen. It belongs on
// the admin address only.
func (c *Cloud) Troubles() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			c.seen(w, r)
			return
		}
		var wish Trouble
		decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10))
		decoder.DisallowUnknownFields()
		err := decoder.Decode(&wish)
		if err == nil {
			err = c.Trouble(wish)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
}
