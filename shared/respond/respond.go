// Package respond is the way out: it writes what a handler decided.
//
// In: a function that gives an [Outcome] or an error. Out: the answer with the
// headers that guard it, and one decision line. An error becomes a refusal: the
// reason's status, a code and a reference for the person, the detail for the
// operator's log alone; how it looks is the handler's, because each protocol
// has its own error shape. Refused: outcomes that are no answer, refusals that
// set a cookie or lead somewhere, and panics, which are errors like any other.
package respond

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// Func handles one request.
type Func func(*http.Request) (Outcome, error)

// Refusal is what a person may know of an error.
type Refusal struct {
	Code      reason.Code
	Status    int
	Reference string // joins the page to the decision line
	At        time.Time
	Err       error // why; of it only what is the person's own may be shown
}

// Refuse shows a refusal in the shape of its protocol. Status 200 stands for
// the refusal's own; a protocol with other rules sets another.
type Refuse func(*http.Request, Refusal) (Outcome, error)

// retryAfter is what we ask of clients when a service did not answer: it is back
// or it takes longer, and a login storm should spread.
const retryAfter = "5"

// Desk is where a function's answers go out. All fields are needed.
type Desk struct {
	Function string
	Log      *slog.Logger
	Now      func() time.Time
	Refuse   Refuse
}

// Handler returns h as a handler that always answers, and logs once.
func (d Desk) Handler(h Func) http.Handler { return handler{d, h, newPacker()} }

type handler struct {
	Desk
	handle Func
	packer packer
}

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := h.Now()
	if !audit.Begun(r.Context()) {
		r = r.WithContext(audit.Begin(r.Context(), ""))
	}
	outcome, err := attempt(h.handle, r)
	if err != nil {
		outcome = h.refuse(r, err)
	}
	outcome.packed(r, h.packer).send(w)
	audit.Write(r.Context(), h.Log, audit.Event{
		Function: h.Function, Status: outcome.status, Err: err, Took: h.Now().Sub(begun),
	})
}

// attempt runs h; what it breaks becomes an error with its place.
func attempt(h Func, r *http.Request) (outcome Outcome, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	outcome, err = h(r)
	if err == nil {
		err = outcome.check()
	}
	return outcome, err
}

func (d Desk) refuse(r *http.Request, err error) Outcome {
	row := reason.Lookup(reason.Of(err))
	refusal := Refusal{row.Code, row.Status, audit.Reference(audit.RequestID(r.Context())), d.Now(), err}
	outcome, fault := attempt(func(r *http.Request) (Outcome, error) { return d.Refuse(r, refusal) }, r)
	if fault != nil {
		d.Log.ErrorContext(r.Context(), "the refusal could not be shown", "error", fault)
		outcome = plain(refusal)
	}
	if outcome.status == http.StatusOK || outcome.leadsOn() {
		outcome.status = refusal.Status
	}
	return d.tellClients(outcome.withoutConsequence(), err)
}

// tellClients adds what programs read: when to come again, which methods exist.
func (d Desk) tellClients(o Outcome, err error) Outcome {
	if o.status == http.StatusServiceUnavailable || o.status == http.StatusTooManyRequests {
		o = o.WithHeader("Retry-After", retryAfter)
	}
	if e, ok := errors.AsType[methodError](err); ok {
		o = o.WithHeader("Allow", e.allow)
	}
	return o
}

// Plain shows a refusal as a line of text: for routes that no person opens, and
// where nothing else can be shown.
func Plain(_ *http.Request, refusal Refusal) (Outcome, error) { return plain(refusal), nil }

func plain(refusal Refusal) Outcome {
	return Text("%s\nreference %s\n%s", refusal.Code, refusal.Reference, refusal.At.UTC().Format(time.RFC3339)).
		WithStatus(refusal.Status)
}

// Refusing is a handler that refuses everything for one reason.
func (d Desk) Refusing(err error) http.Handler {
	return d.Handler(func(*http.Request) (Outcome, error) { return Outcome{}, err })
}

// Routes serves routes by the patterns of [http.ServeMux], each with a method:
// "GET /saml/{idp}/metadata". A path that none of them has is not_found, also
// one with empty or dotted segments, which the mux would redirect past the desk;
// a method that is not among a path's is method_not_allowed.
func (d Desk) Routes(routes map[string]Func) Served {
	served := Served{desk: d, mux: http.NewServeMux(), methods: map[string]bool{}, patterns: slices.Sorted(maps.Keys(routes))}
	shared := newPacker()
	for pattern, h := range routes {
		method, _, _ := strings.Cut(pattern, " ")
		served.methods[method] = true
		served.mux.Handle(pattern, handler{d, h, shared})
	}
	return served
}

// Served are routes with their handlers.
type Served struct {
	desk     Desk
	mux      *http.ServeMux
	methods  map[string]bool
	patterns []string
}

// Patterns are the routes in order, so that what must hold for each of them is asked of
// each of them.
func (s Served) Patterns() []string { return slices.Clone(s.patterns) }

func (s Served) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !has(s.mux, r) {
		s.desk.Refusing(noRoute(s.mux, s.methods, r)).ServeHTTP(w, r)
		return
	}
	s.mux.ServeHTTP(w, r)
}

func has(mux *http.ServeMux, r *http.Request) bool {
	found, _ := mux.Handler(r)
	_, ours := found.(handler)
	return ours
}

func noRoute(mux *http.ServeMux, methods map[string]bool, r *http.Request) error {
	var allow []string
	for _, method := range slices.Sorted(maps.Keys(methods)) {
		probe := r.Clone(r.Context())
		probe.Method = method
		if has(mux, probe) {
			allow = append(allow, method)
		}
	}
	if len(allow) == 0 {
		return reason.New(reason.NotFound, "no route has path %q", r.URL.Path)
	}
	return reason.New(reason.MethodNotAllowed, "method %q: %w", r.Method, methodError{strings.Join(allow, ", ")})
}

// methodError carries the methods that the path has.
type methodError struct{ allow string }

func (e methodError) Error() string { return "the path takes " + e.allow }
