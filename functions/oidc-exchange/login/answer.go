package login

import (
	"net/http"
	"net/url"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// maxCode is far above the longest that was seen, about 2 KB. FC takes addresses of
// 4 KB.
const maxCode = 4 << 10

// answer is what the identity provider sends a browser back with (RFC 6749 sections
// 4.1.2 and 4.1.2.1).
type answer struct {
	state       string
	code        string // exactly one of code and fault is there
	fault       string
	description string // of fault, for the operator
	issuer      string // "" where it was not named
}

// readAnswer does the checks that cost nothing. What we don't know is left alone:
// providers add session_state, scope and more.
func readAnswer(r *http.Request) (answer, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return answer{}, reason.New(reason.RequestMalformed, "the query is not URL encoded: %w", err)
	}
	for name, values := range query {
		if len(values) != 1 {
			return answer{}, reason.New(reason.RequestMalformed, "the answer has %.80q %d times", name, len(values))
		}
	}
	a := answer{
		state: query.Get("state"), code: query.Get("code"), issuer: query.Get("iss"),
		fault: query.Get("error"), description: query.Get("error_description"),
	}
	switch {
	case a.state == "":
		return answer{}, reason.New(reason.RequestMalformed, "the answer has no state: no sign-in is begun at the identity provider")
	case (a.code == "") == (a.fault == ""):
		return answer{}, reason.New(reason.RequestMalformed, "the answer has code and error, or neither")
	case len(a.code) > maxCode:
		return answer{}, reason.New(reason.RequestTooLarge, "the code has %d bytes, %d is the most", len(a.code), maxCode)
	case !session.IsRelayState(a.state):
		return answer{}, reason.New(reason.SignInUnknown, "state is none of ours")
	}
	return a, nil
}

// requireIssuer compares the name in the answer (RFC 9207 section 2.4). Each identity
// provider has a callback of its own already; this holds where two of them know it.
func requireIssuer(record trust.Record, a answer) error {
	want := record.OIDC().Issuer
	switch {
	case a.issuer == "" && record.Issuer().ISSParameter:
		return reason.New(reason.IssuerMismatch, "the answer has no iss, which %q says that it sends", want)
	case a.issuer != "" && a.issuer != want:
		return reason.New(reason.IssuerMismatch, "iss of the answer is %.300q, the record's issuer is %q", a.issuer, want)
	}
	return nil
}

// refused is why the identity provider sends no code.
func (a answer) refused() error {
	code := reason.StatusNotSuccess
	switch a.fault {
	case "":
		return nil
	case "access_denied":
		code = reason.SignInDeclined
	case "server_error", "temporarily_unavailable":
		code = reason.SourceUnavailable
	}
	return reason.New(code, "the identity provider answers with error %.80q: %.300q", a.fault, a.description)
}
