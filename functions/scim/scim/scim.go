// Package scim is the SCIM 2.0 server (RFC 7643, RFC 7644) to which identity providers
// push people and groups.
//
// In: requests with a token of one identity provider. Out: its resources, kept in the
// store, and of each change an event: it is in the inbox before the answer is written, so
// that who was told that somebody is gone need not tell it again. Refused: who shows no
// token, in SCIM's own shape of errors (RFC 7644 section 3.12) with the cause and what to
// do; nobody sees people of another identity provider, and nothing here can reach RAM.
//
// Order of a write: marks and the name, by which others find the resource or are kept
// from it; the resource, in one conditional write that also notes what is to be told of
// it; the events; then the note goes. Who is cut off in between leaves the note, and the
// next request that meets the resource tells it.
//
// Why no library: github.com/elimity-com/scim is kept up and has what is the smaller part
// of this, schemas and the check of a PATCH. It writes answers and errors itself, past
// our refusals and the decision line, gives no If-Match, drops attributes that it does
// not know, and refuses "active": "False" and the members that Entra ID removes by value;
// what a PATCH does to a resource would still be ours to write. It makes the function
// 1.2 MB larger. scim2/filter-parser alone (150 KB, three modules) reads a language of
// which one operator is answered here, takes 75 µs for each, and says of a mistake
// "expected op.Or but got us"; it judges our parser in scripts/peers instead.
package scim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/fc-sso/fc-sso/functions/scim/resource"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
)

// Name is the function's.
const Name = "scim"

const contentType = "application/scim+json"

// Inbox takes in what is to be done about people.
type Inbox interface {
	Accept(ctx context.Context, events ...lifecycle.Event) error
}

// Provider is an identity provider that pushes people.
type Provider struct {
	Suspended bool
	Person    func(lifecycle.Person) (string, error) // what sign-ins call them
}

// Config is what the handler needs. All fields are needed.
type Config struct {
	URL       string // our origin
	Now       func() time.Time
	Random    io.Reader
	Tokens    func(ctx context.Context, idp string) ([]byte, error)   // the row of its tokens
	Provider  func(ctx context.Context, idp string) (Provider, error) // refuses as reason.IdPUnknown
	Resources Store
	Inbox     Inbox
	Wake      func(ctx context.Context, subjects []lifecycle.Subject) error // has what is in the inbox done
}

type handler struct {
	Config
	desk respond.Desk

	mu    sync.Mutex
	known map[string]known // by identity provider
}

// New returns the handler of /scim/. Desk's way to refuse is replaced by SCIM's.
func New(desk respond.Desk, config Config) respond.Served {
	desk.Refuse = Refuse
	h := &handler{Config: config, desk: desk, known: map[string]known{}}
	routes := map[string]respond.Func{
		"GET /scim/healthz":                  respond.Health(),
		"GET /scim/v2/ServiceProviderConfig": h.as(serviceConfig),
		"GET /scim/v2/ResourceTypes":         h.as(types),
		"GET /scim/v2/ResourceTypes/{id}":    h.as(oneType),
		"GET /scim/v2/Schemas":               h.as(schemas),
		"GET /scim/v2/Schemas/{id}":          h.as(oneSchema),
		"POST /scim/v2/Bulk":                 h.as(notDone("Bulk: send one request for each")),
		"POST /scim/v2/.search":              h.as(notDone(".search: send the filter with GET")),
		"GET /scim/v2/Me":                    h.as(notDone("Me: the token is an identity provider's, and nobody's own")),
	}
	for _, kind := range resource.Kinds() {
		all := "/scim/v2/" + kind.Endpoint
		one := all + "/{id}"
		routes["GET "+all], routes["POST "+all] = h.of(kind, list), h.of(kind, create)
		routes["GET "+one], routes["PUT "+one] = h.of(kind, read), h.of(kind, replace)
		routes["PATCH "+one], routes["DELETE "+one] = h.of(kind, patch), h.of(kind, remove)
	}
	return desk.Routes(routes)
}

func notDone(what string) func(call) (respond.Outcome, error) {
	return func(call) (respond.Outcome, error) {
		return respond.Outcome{}, reason.New(reason.NotImplemented, "this server has no %s", what)
	}
}

// of is what a route does for resources of a kind.
func (h *handler) of(kind resource.Kind, do func(call) (respond.Outcome, error)) respond.Func {
	return h.as(func(c call) (respond.Outcome, error) {
		c.kind = kind
		return do(c)
	})
}

// answer is an object as SCIM shows it.
func answer(o resource.Object) (respond.Outcome, error) {
	text, err := json.Marshal(o)
	return respond.Document(contentType, text), err
}

// Refuse shows a refusal as RFC 7644 section 3.12 does; its status is a string.
func Refuse(_ *http.Request, refusal respond.Refusal) (respond.Outcome, error) {
	status := refusal.Status
	if errors.Is(refusal.Err, errNoMore) {
		status = http.StatusForbidden
	}
	shown := struct {
		Schemas []string      `json:"schemas"`
		Status  string        `json:"status"`
		Type    resource.Type `json:"scimType,omitempty"`
		Detail  string        `json:"detail"`
	}{[]string{"urn:ietf:params:scim:api:messages:2.0:Error"}, strconv.Itoa(status), "", detail(refusal)}
	if fault, ok := errors.AsType[*resource.FaultError](refusal.Err); ok {
		shown.Type = fault.Type
	}
	text, err := json.Marshal(shown)
	outcome := respond.Document(contentType, text).WithStatus(status)
	if status == http.StatusUnauthorized {
		outcome = outcome.WithHeader("WWW-Authenticate", `Bearer realm="scim"`)
	}
	return outcome, err
}

// detail is what a client may know: what it did wrong itself, word for word; of the rest
// the code, and where the operator finds more.
func detail(refusal respond.Refusal) string {
	text := string(refusal.Code)
	if fault, ok := errors.AsType[*resource.FaultError](refusal.Err); ok {
		text += ": " + fault.Detail
	} else if refusal.Status < http.StatusInternalServerError || refusal.Code == reason.NotImplemented {
		text += ": " + reason.Lookup(refusal.Code).Hint
	}
	return text + "; reference " + refusal.Reference
}
