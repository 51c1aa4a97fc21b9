// Package scim will be the SCIM 2.0 server to which identity providers push
// people and groups.
//
// In: the routes that are its contract. Out: the refusal not_implemented, in
// SCIM's own shape (RFC 7644 section 3.12), so that an identity provider's
// connection test shows the reason.
package scim

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
)

// Name is the function's.
const Name = "scim"

// New returns the handler of /scim/. Desk's way to refuse is replaced by SCIM's.
func New(desk respond.Desk) http.Handler {
	desk.Refuse = Refuse
	routes := map[string]respond.Func{"GET /scim/healthz": respond.Health()}
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		routes[method+" /scim/v2/"] = notYet
	}
	return desk.Routes(routes)
}

func notYet(r *http.Request) (respond.Outcome, error) {
	return respond.Outcome{}, reason.New(reason.NotImplemented, "%s does not serve %s yet", Name, r.Pattern)
}

// Refuse shows a refusal as RFC 7644 does; its status is a string.
func Refuse(_ *http.Request, refusal respond.Refusal) (respond.Outcome, error) {
	detail := string(refusal.Code) + "; reference " + refusal.Reference
	if refusal.Code == reason.NotImplemented {
		detail = Name + " does not do this yet; reference " + refusal.Reference
	}
	text, err := json.Marshal(struct {
		Schemas []string `json:"schemas"`
		Status  string   `json:"status"`
		Detail  string   `json:"detail"`
	}{[]string{"urn:ietf:params:scim:api:messages:2.0:Error"}, strconv.Itoa(refusal.Status), detail})
	return respond.Document("application/scim+json", text), err
}
