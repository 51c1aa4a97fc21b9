package op

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/desk"
)

// The classes of sign-in that this provider knows, by the names that REFEDS gives
// them: by password, and by a code on the telephone after it.
const (
	byPassword = "https://refeds.org/profile/sfa" //nolint:gosec // a name, no credential
	byPhone    = "https://refeds.org/profile/mfa"
)

const maxForm = 64 << 10

// request is an authorization request that has passed the checks.
type request struct {
	redirectURI, state, nonce, challenge string
	scopes, classes                      []string
	login, silent                        bool          // prompt=login, prompt=none
	maxAge                               time.Duration // below 0: any
}

// oauthError is what RFC 6749 calls one: a code for the client, words for whoever
// looks at its log.
type oauthError struct{ code, description string }

func (e oauthError) Error() string { return e.code + ": " + e.description }

// authorize takes a request (OIDC Core 3.1.2.1). Who asks for an answer at an address
// that is not the client's gets none: the person is told instead (RFC 6749 section
// 4.1.2.1).
func (p *OP) authorize(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	fields, err := p.authorizationFields(r)
	if err == nil {
		err = p.requireClient(fields)
	}
	if err != nil {
		p.o.Log.InfoContext(r.Context(), "authorization refused", "idp", p.o.ID, "error", err)
		p.desk.Notice(w, http.StatusBadRequest, "This sign-in request is not accepted", err.Error())
		return
	}
	asked, err := readRequest(fields)
	if err != nil {
		p.refuse(w, r, asked, err)
		return
	}
	if asked.silent {
		p.answerSilently(w, r, asked)
		return
	}
	p.desk.Ask(w, r, desk.Wish{
		Again:  func(who desk.Session) bool { return asked.login || p.tooOld(asked, who) },
		Enough: func(who desk.Session) bool { return enough(asked, who) },
		Phone:  true,
		Answer: func(w http.ResponseWriter, r *http.Request, who desk.Session) { p.answer(w, r, asked, who) },
		Cancel: func(w http.ResponseWriter, r *http.Request) {
			p.refuse(w, r, asked, oauthError{"access_denied", "the person does not want to sign in"})
		},
	})
}

// authorizationFields are those of the query or of the form, never both.
func (p *OP) authorizationFields(r *http.Request) (url.Values, error) {
	if r.Method == http.MethodGet {
		return url.ParseQuery(r.URL.RawQuery)
	}
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	if r.URL.RawQuery != "" {
		return nil, errors.New("a request by POST has its parameters in the form")
	}
	return r.PostForm, nil
}

// requireClient compares the redirect URI as text (RFC 9700 section 2.1).
func (p *OP) requireClient(fields url.Values) error {
	client, uri := fields["client_id"], fields["redirect_uri"]
	if len(client) != 1 || client[0] != p.o.Client.ID {
		return fmt.Errorf("client_id %q is not known here", client)
	}
	if len(uri) != 1 || !slices.Contains(p.o.Client.RedirectURIs, uri[0]) {
		return fmt.Errorf("redirect_uri %q is not one of the client's", uri)
	}
	return nil
}

// readRequest checks one thing after the other; what it read until then says where
// to refuse.
func readRequest(fields url.Values) (request, error) {
	asked := request{
		redirectURI: fields.Get("redirect_uri"), state: fields.Get("state"), nonce: fields.Get("nonce"), challenge: fields.Get("code_challenge"),
		scopes: strings.Fields(fields.Get("scope")), classes: strings.Fields(fields.Get("acr_values")), maxAge: -1,
	}
	for name, values := range fields {
		if len(values) > 1 {
			return asked, oauthError{"invalid_request", name + " is given twice"}
		}
	}
	switch {
	case fields.Has("request"):
		return asked, oauthError{"request_not_supported", "no request objects are taken"}
	case fields.Has("request_uri"):
		return asked, oauthError{"request_uri_not_supported", "no request objects are taken"}
	case !fields.Has("response_type"):
		return asked, oauthError{"invalid_request", "response_type is missing"}
	case fields.Get("response_type") != "code":
		return asked, oauthError{"unsupported_response_type", "response_type is code here"}
	case fields.Has("response_mode") && fields.Get("response_mode") != "query":
		return asked, oauthError{"invalid_request", "response_mode is query here"}
	case !slices.Contains(asked.scopes, "openid"):
		return asked, oauthError{"invalid_scope", "scope has no openid"}
	case fields.Get("code_challenge_method") != "S256" || !isHash(asked.challenge): // no method means plain, RFC 7636 section 4.3
		return asked, oauthError{"invalid_request", "code_challenge by S256 is missing"}
	case asked.state == "":
		return asked, oauthError{"invalid_request", "state is missing"}
	}
	return asked.withPrompt(fields)
}

func (r request) withPrompt(fields url.Values) (request, error) {
	switch prompt := fields.Get("prompt"); prompt {
	case "", "none", "login":
		r.login, r.silent = prompt == "login", prompt == "none"
	default:
		return r, oauthError{"invalid_request", "prompt is none or login here"}
	}
	if !fields.Has("max_age") {
		return r, nil
	}
	seconds, err := strconv.ParseUint(fields.Get("max_age"), 10, 31)
	if err != nil {
		return r, oauthError{"invalid_request", "max_age is not a number of seconds"}
	}
	r.maxAge = time.Duration(seconds) * time.Second
	return r, nil
}

// isHash: 32 bytes in base64url are 43 characters (RFC 7636 section 4.2).
func isHash(challenge string) bool {
	return len(challenge) == 43 && !strings.ContainsFunc(challenge, func(c rune) bool { return !isUnreserved(c) || c == '.' || c == '~' })
}

func isUnreserved(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("-._~", c)
}

func (p *OP) tooOld(asked request, who desk.Session) bool {
	return asked.maxAge >= 0 && p.o.Now().Sub(who.At) > asked.maxAge
}

// enough: acr_values are a wish that may be left open (OIDC Core 3.1.2.1), so one
// that this provider does not have is; the client has to look at what it gets.
func enough(asked request, who desk.Session) bool {
	return who.Phone || slices.Contains(asked.classes, byPassword) || !slices.Contains(asked.classes, byPhone)
}

// class is what a sign-in is told as: the first that was asked for and that it is,
// else the best that it is. Who gave a code gave a password before it.
func class(who desk.Session, asked []string) string {
	has := []string{byPassword}
	if who.Phone {
		has = []string{byPhone, byPassword}
	}
	for _, wanted := range asked {
		if slices.Contains(has, wanted) {
			return wanted
		}
	}
	return has[0]
}

// answerSilently shows no page (prompt=none).
func (p *OP) answerSilently(w http.ResponseWriter, r *http.Request, asked request) {
	who, ok := p.desk.Current(r)
	switch {
	case !ok || p.tooOld(asked, who):
		p.refuse(w, r, asked, oauthError{"login_required", "nobody is signed in"})
	case !enough(asked, who):
		p.refuse(w, r, asked, oauthError{"interaction_required", "the person is signed in by password alone"})
	default:
		p.answer(w, r, asked, who)
	}
}

func (p *OP) answer(w http.ResponseWriter, r *http.Request, asked request, who desk.Session) {
	p.o.Log.InfoContext(r.Context(), "answered", "idp", p.o.ID, "username", who.User.Username)
	p.goBack(w, r, asked, url.Values{"code": {p.remember(asked, who)}})
}

func (p *OP) refuse(w http.ResponseWriter, r *http.Request, asked request, err error) {
	p.o.Log.InfoContext(r.Context(), "authorization refused", "idp", p.o.ID, "error", err)
	refusal, ok := errors.AsType[oauthError](err)
	if !ok {
		refusal = oauthError{"server_error", "this provider has a fault"}
	}
	p.goBack(w, r, asked, url.Values{"error": {refusal.code}, "error_description": {refusal.description}})
}

// goBack says who answers, so that nobody takes it for another's (RFC 9207).
func (p *OP) goBack(w http.ResponseWriter, r *http.Request, asked request, answer url.Values) {
	target, err := url.Parse(asked.redirectURI)
	if err != nil {
		p.desk.Notice(w, http.StatusInternalServerError, "The answer could not be sent", err.Error())
		return
	}
	fields := target.Query()
	for name, values := range answer {
		fields[name] = values
	}
	if asked.state != "" {
		fields.Set("state", asked.state)
	}
	fields.Set("iss", p.Issuer())
	target.RawQuery = fields.Encode()
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, target.String(), http.StatusSeeOther)
}
