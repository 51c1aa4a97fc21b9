package delivery

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Status is what the side door shows.
type Status struct {
	Queued   int          `json:"queued"`
	InFlight int          `json:"in_flight"`
	Done     int          `json:"done"`    // invocations that the function did not fail
	Retried  int          `json:"retried"` // and that it did, and that were put back
	Dead     []DeadLetter `json:"dead"`
	Settings Settings     `json:"settings"`
}

// Status is the queue as it is now.
func (q *Queue) Status() Status {
	q.mu.Lock()
	defer q.mu.Unlock()
	return Status{len(q.waiting), len(q.working), q.done, q.retried, append([]DeadLetter{}, q.dead...), q.settings}
}

// Admin is the side door: POST changes the settings that it names, GET shows the
// [Status], with ?wait=10s as soon as all is delivered, and DELETE forgets what waits.
// It belongs on the admin address only.
func (q *Queue) Admin() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /delivery", q.show)
	mux.HandleFunc("POST /delivery", q.change)
	mux.HandleFunc("DELETE /delivery", func(http.ResponseWriter, *http.Request) { q.Clear() })
	return mux
}

func (q *Queue) change(w http.ResponseWriter, r *http.Request) {
	settings := q.Status().Settings
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&settings)
	if err == nil {
		err = q.set(settings)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func (q *Queue) show(w http.ResponseWriter, r *http.Request) {
	if err := q.awaitFor(r); err != nil {
		http.Error(w, err.Error(), http.StatusGatewayTimeout)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(q.Status())
}

func (q *Queue) awaitFor(r *http.Request) error {
	text := r.URL.Query().Get("wait")
	if text == "" {
		return nil
	}
	wait, err := time.ParseDuration(text)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), wait)
	defer cancel()
	return q.Await(ctx)
}
