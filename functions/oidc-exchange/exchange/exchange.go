// Package exchange will turn ID tokens into STS tokens and sign people in by
// OpenID Connect.
//
// In: the routes that are its contract. Out: the refusal not_implemented, in
// each protocol's own shape, so that a client that is pointed here early reads
// why: RFC 6749 JSON at /oidc/token, an STS error at /sts, text elsewhere.
package exchange

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
)

// Name is the function's.
const Name = "oidc-exchange"

// New returns the handler of /oidc/ and /sts. Desk's way to refuse is replaced
// by the protocols' own.
func New(desk respond.Desk) http.Handler {
	desk.Refuse = Refuse
	return desk.Routes(map[string]respond.Func{
		"GET /oidc/healthz":        healthz,
		"GET /oidc/{idp}/login":    notYet,
		"GET /oidc/{idp}/callback": notYet,
		"POST /oidc/token":         notYet,
		"GET /sts":                 notYet,
		"POST /sts":                notYet,
		"GET /sts/{$}":             notYet,
		"POST /sts/{$}":            notYet,
	})
}

func healthz(*http.Request) (respond.Outcome, error) { return respond.Text("ok"), nil }

func notYet(r *http.Request) (respond.Outcome, error) {
	return respond.Outcome{}, reason.New(reason.NotImplemented, "%s does not serve %s yet", Name, r.Pattern)
}

// Refuse shows a refusal as the protocol of the path does.
func Refuse(r *http.Request, refusal respond.Refusal) (respond.Outcome, error) {
	switch {
	case r.URL.Path == "/oidc/token":
		return refuseAsOAuth(refusal)
	case r.URL.Path == "/sts" || strings.HasPrefix(r.URL.Path, "/sts/"):
		return refuseAsSTS(r, refusal)
	default:
		return respond.Plain(r, refusal)
	}
}

func message(refusal respond.Refusal) string {
	if refusal.Code == reason.NotImplemented {
		return Name + " does not do this yet; reference " + refusal.Reference
	}
	return string(refusal.Code) + "; reference " + refusal.Reference
}

// refuseAsOAuth follows RFC 6749 section 5.2.
func refuseAsOAuth(refusal respond.Refusal) (respond.Outcome, error) {
	return respond.JSON(struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{string(refusal.Code), message(refusal)})
}

type stsError struct {
	XMLName   xml.Name `json:"-" xml:"Error"`
	RequestID string   `json:"RequestId" xml:"RequestId"`
	HostID    string   `json:"HostId" xml:"HostId"`
	Code      string
	Message   string
}

// refuseAsSTS takes Format in any case, as clients write it. On one line: the
// official clients show the body as it is.
func refuseAsSTS(r *http.Request, refusal respond.Refusal) (respond.Outcome, error) {
	body := stsError{
		RequestID: audit.RequestID(r.Context()), HostID: r.Host,
		Code: string(refusal.Code), Message: message(refusal),
	}
	if !strings.EqualFold(r.URL.Query().Get("Format"), "XML") {
		text, err := json.Marshal(body)
		return respond.Document("application/json;charset=utf-8", text), err
	}
	text, err := xml.Marshal(body)
	return respond.Document("text/xml;charset=utf-8", append([]byte(xml.Header), text...)), err
}
