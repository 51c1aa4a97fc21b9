package simulation_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/audit"
)

const (
	roleSignIn   = "https://signin.aliyun.com/saml-role/sso"
	roleAudience = "urn:alibaba:cloudcomputing"
	attributes   = "https://www.aliyun.com/SAML-Role/Attributes/"
)

// overBundle signs in at the bundle, by k. It returns why that was refused, "" if it
// was not.
func (w *world) overBundle(t *testing.T, p *provider, k key) string {
	t.Helper()
	if p.saml {
		acsURL := origin + "/saml/" + p.id + "/acs"
		response := p.response(t, k, origin+"/saml/"+p.id+"/metadata", acsURL, map[string]string{"mail": "ada@example.com"})
		return w.post(t, w.signIn, acsURL, url.Values{"SAMLResponse": {response}}, http.StatusSeeOther)
	}
	return w.post(t, w.exchange, origin+"/oidc/token", url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "subject_token_type": {"urn:ietf:params:oauth:token-type:id_token"},
		"subject_token": {p.token(t, k)}, "resource": {p.role(issuing)},
	}, http.StatusOK)
}

func (w *world) post(t *testing.T, handler http.Handler, address string, form url.Values, want int) string {
	t.Helper()
	r := httptest.NewRequestWithContext(audit.Begin(t.Context(), "login"), http.MethodPost, address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, r)
	if answer.Code == want {
		return ""
	}
	return fmt.Sprintf("%d %.600s", answer.Code, answer.Body)
}

// direct asks the emulated STS itself, as a client does that knows no bundle.
func (w *world) direct(t *testing.T, p *provider, k key) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.sts+"/", strings.NewReader(w.assume(t, p, k).Encode()))
	must(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(request)
	must(t, err)
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	if answer.StatusCode == http.StatusOK {
		return ""
	}
	var said struct{ Code string }
	_ = json.NewDecoder(bytes.NewReader(body)).Decode(&said)
	return fmt.Sprintf("%d %s", answer.StatusCode, said.Code)
}

// dropIn asks the bundle as if it were STS, which passes the proof on.
func (w *world) dropIn(t *testing.T, p *provider, k key) string {
	t.Helper()
	return w.post(t, w.exchange, origin+"/sts/", w.assume(t, p, k), http.StatusOK)
}

func (w *world) assume(t *testing.T, p *provider, k key) url.Values {
	t.Helper()
	form := url.Values{"Version": {"2015-04-01"}, "Format": {"JSON"}, "RoleArn": {p.role(direct)}}
	if p.saml {
		form.Set("Action", "AssumeRoleWithSAML")
		form.Set("SAMLProviderArn", p.arn())
		form.Set("SAMLAssertion", p.response(t, k, roleAudience, roleSignIn, map[string]string{
			attributes + "Role": p.role(direct) + "," + p.arn(), attributes + "RoleSessionName": "ada",
		}))
		return form
	}
	form.Set("Action", "AssumeRoleWithOIDC")
	form.Set("OIDCProviderArn", p.arn())
	form.Set("OIDCToken", p.token(t, k))
	form.Set("RoleSessionName", "ada")
	return form
}
