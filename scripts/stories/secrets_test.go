package stories_test

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
)

// ear hears what a browser and the world say to each other, and remembers every
// secret in it by where it was.
type ear struct {
	mu      sync.Mutex
	secrets map[string]string
}

func (e *ear) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := readAll(&r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	e.hear(r.URL.Query())
	e.hear(form)
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	for _, c := range response.Cookies() {
		value, _, _ := strings.Cut(c.Value, ".")
		e.keep("cookie "+c.Name, value)
	}
	if location, err := response.Location(); err == nil {
		e.hear(location.Query())
	}
	return response, nil
}

func readAll(body *io.ReadCloser) ([]byte, error) {
	if *body == nil {
		return nil, nil
	}
	text, err := io.ReadAll(*body)
	*body = io.NopCloser(bytes.NewReader(text))
	return text, err
}

func (e *ear) hear(fields url.Values) {
	for _, name := range []string{"SAMLResponse", "SAMLRequest", "Signature", "RelayState", "password", "token", "ticket", "SigninToken", "code", "state", "nonce"} {
		e.keep(name, fields.Get(name))
	}
}

// keep leaves out what is too short to be a secret, such as a language.
func (e *ear) keep(where, value string) {
	if len(value) < 8 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.secrets[value] = where
}

// TestNoLogHasASecret walks all ways in, right and wrong, and then reads what the
// functions and the emulators have logged.
func TestNoLogHasASecret(t *testing.T) {
	t.Parallel()
	s, heard := stack.Start(t, stack.Options{Partner: true}), &ear{secrets: map[string]string{}}
	listenIn(t, s, heard)
	heard.keep("the operator's key", s.Tablestore.AccessKeySecret)
	key := must[[]byte](t)(os.ReadFile(filepath.Join(s.Data, "signing-key.pem")))
	heard.keep("our signing key", strings.Split(string(key), "\n")[1])

	kinds := map[string]bool{}
	for _, where := range heard.secrets {
		kinds[where] = true
	}
	for _, where := range []string{"SAMLResponse", "SAMLRequest", "RelayState", "password", "token", "ticket", "SigninToken", "code", "state", "nonce", "cookie __Host-b", "cookie __Host-s", "STS secret", "STS token"} {
		if !kinds[where] {
			t.Errorf("the walk met no %s", where)
		}
	}
	for name, text := range logs(t, s) {
		for secret, where := range heard.secrets {
			if strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) {
				t.Errorf("%s holds a secret: %s", name, where)
			}
		}
	}
}

// listenIn takes every way once and gets most things wrong once.
func listenIn(t *testing.T, s *stack.Stack, heard *ear) {
	t.Helper()
	alice, dave, frank := person.New(s.Ready, "acme", "alice"), person.New(s.Ready, "contoso", "dave"), person.New(s.Ready, "fabrikam", "frank")
	alice.Browser, dave.Browser, frank.Browser = browser.New(heard), browser.New(heard), browser.New(heard)
	answer, form := answerOf(t, s, alice)
	thief := browser.New(heard)
	must[*browser.Page](t)(thief.Submit(t.Context(), answer, form, nil))
	broken := url.Values{"SAMLResponse": {form.Fields.Get("SAMLResponse")[8:]}}
	must[*browser.Page](t)(alice.Submit(t.Context(), answer, form, broken))
	roles := must[*browser.Page](t)(alice.Submit(t.Context(), answer, form, nil))
	must[*browser.Page](t)(alice.Submit(t.Context(), answer, form, nil)) // again
	made := must[person.Credentials](t)(alice.Credentials(t.Context(), roles, admin))
	heard.keep("STS secret", made.AccessKeySecret)
	heard.keep("STS token", made.SecurityToken)
	must[*browser.Page](t)(alice.Take(t.Context(), roles, "/console", admin))

	chooser := must[*browser.Page](t)(dave.Open(t.Context(), s.URL+"/go/acme-dev/dev-support"))
	must[*browser.Page](t)(dave.Choose(t.Context(), chooser))
	portal := must[*browser.Page](t)(frank.StartAtIdP(t.Context()))
	must[*browser.Page](t)(frank.Authenticate(t.Context(), portal))

	for service, trouble := range map[string]string{"sts": "broken off", "signin": "half"} {
		s.Trouble(t, service, trouble)
		must[*browser.Page](t)(alice.Take(t.Context(), roles, "/console", admin))
		s.Trouble(t, service, "")
	}
	s.Clock(t, 16*time.Minute) // signatures are refused, with all that went into them
	must[*browser.Page](t)(alice.Take(t.Context(), roles, "/credentials", admin))
	s.Clock(t, 0)
	signOut := must[browser.Form](t)(roles.Form("/signout"))
	must[*browser.Page](t)(alice.Submit(t.Context(), roles, signOut, nil))
}

func logs(t *testing.T, s *stack.Stack) map[string]string {
	t.Helper()
	files := must[[]string](t)(filepath.Glob(filepath.Join(s.Data, "logs", "*.log")))
	texts := map[string]string{}
	for _, file := range files {
		texts[filepath.Base(file)] = string(must[[]byte](t)(os.ReadFile(file)))
	}
	for _, name := range []string{"sso-saml-acs.log", "sso-oidc-exchange.log", "sso-portal.log", "emulators.log"} {
		if !strings.Contains(texts[name], `"msg"`) {
			t.Errorf("%s has no line, of %v", name, maps.Keys(texts))
		}
	}
	return texts
}
