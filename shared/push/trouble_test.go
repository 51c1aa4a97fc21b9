package push_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/push"
	"github.com/fc-sso/fc-sso/shared/push/memory"
)

// TestARAMInTroubleIsToldOfAndConfirmsNothing: whatever is answered, nothing counts that
// was not read, and the third run in a row tells.
func TestARAMInTroubleIsToldOfAndConfirmsNothing(t *testing.T) {
	b := newBench(t)
	says := func(status int, body string) func(http.ResponseWriter) {
		return func(rw http.ResponseWriter) {
			rw.WriteHeader(status)
			_, _ = rw.Write([]byte(body))
		}
	}
	for _, at := range []string{"AssumeRole", "GetSAMLProvider", "UpdateSAMLProvider"} {
		for trouble, answer := range map[string]func(http.ResponseWriter){
			"throttled":     says(400, `{"Code":"Throttling.User","Message":"flow control"}`),
			"no permission": says(403, `{"Code":"NoPermission","Message":"`+token+`"}`),
			"500":           says(500, `{"Code":"InternalError"}`),
			"HTML":          says(200, `<html>`),
			"nothing":       says(200, ``),
			"hangs up":      func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		} {
			w := newWorld(t)
			w.hasSAML("okta", encoded(b.metadata("A")))
			w.trouble = func(rw http.ResponseWriter, action string, _ url.Values) bool {
				if action == at {
					answer(rw)
				}
				return action == at
			}
			if at == "AssumeRole" && trouble == "no permission" {
				continue // it knows no token yet
			}
			for run := range 4 {
				result, err := w.push(b.wantsSAML("B", federation.Manage{}))
				if err != nil || result.Trouble == nil || (alerts(result) == string(alert.PushFailing)) != (run == 2) {
					t.Errorf("%s at %s, run %d: %+v, %v", trouble, at, run, result, err)
				}
				if strings.Contains(result.Trouble.Error(), "the+role") {
					t.Errorf("%s: %v", trouble, result.Trouble)
				}
			}
			if _, ok := must(memory.Parse(w.row)).Confirmed(okta.String(), name(b, "B")); ok {
				t.Errorf("%s at %s: it is confirmed", trouble, at)
			}
			w.trouble = nil
			if got := alerts(w.mustPush(b.wantsSAML("B", federation.Manage{}))); !strings.Contains(got, string(alert.PushRecovered)) {
				t.Errorf("%s at %s: afterwards %s", trouble, at, got)
			}
		}
	}
}

// TestAnAnswerThatIsAboutNothingSaysNothing: RAM would be taken to have nothing.
func TestAnAnswerThatIsAboutNothingSaysNothing(t *testing.T) {
	b := newBench(t)
	for _, body := range []string{`null`, `{}`, `[]`, `{"SAMLProvider":{}}`, `{"SAMLProvider":{"Arn":"acs:ram::1234567890123456:saml-provider/another"}}`, `{"SAMLProvider":{"Arn":"` + okta.String() + `","EncodedSAMLMetadataDocument":"%"}}`} {
		w := newWorld(t)
		w.trouble = func(rw http.ResponseWriter, action string, _ url.Values) bool {
			if action != "AssumeRole" {
				_, _ = rw.Write([]byte(body))
			}
			return action != "AssumeRole"
		}
		wanted := b.wantsSAML("B", federation.Manage{Create: true, Repair: true})
		own := b.introduced("A")
		wanted.UserSSO, wanted.OIDC, wanted.Roles = &push.UserSSO{Introduced: &own}, wantsOIDC([]string{"x"}, []string{"aa"}, wanted.Manage).OIDC, roles(t)
		if result, err := w.push(wanted); err != nil || result.Trouble == nil || len(result.Alerts) > 0 || len(w.calls) > 0 {
			t.Errorf("%s: %+v, %v, %q", body, result, err, w.calls)
		}
	}
}

// TestALostAnswerIsReadBack: the call was made.
func TestALostAnswerIsReadBack(t *testing.T) {
	b, w := newBench(t), newWorld(t)
	w.hasSAML("okta", encoded(b.metadata("A")))
	w.trouble = func(_ http.ResponseWriter, action string, q url.Values) bool {
		if action == "UpdateSAMLProvider" {
			w.write(action, nameIn(q), q)
			panic(http.ErrAbortHandler)
		}
		return false
	}
	w.mustPush(b.wantsSAML("AB", federation.Manage{}))
	if _, ok := must(memory.Parse(w.row)).Confirmed(okta.String(), name(b, "B")); !ok || len(w.wrote) != 1 {
		t.Errorf("%s, %q", w.row, w.wrote)
	}
}

// TestKeysAreWrittenBeforeRolesAreLookedAt: there may be so many that no time is left.
func TestKeysAreWrittenBeforeRolesAreLookedAt(t *testing.T) {
	b, w := newBench(t), newWorld(t)
	w.hasSAML("okta", encoded(b.metadata("A")))
	w.hasRole("Deploy", `{"Statement":[{"Effect":"Allow","Principal":{"RAM":["acs:ram::1:root"]}}]}`, 3600)
	wanted := b.wantsSAML("B", federation.Manage{})
	wanted.Roles = roles(t)
	w.mustPush(wanted)
	wrote, asked := slices.Index(w.asked, "UpdateSAMLProvider okta"), slices.IndexFunc(w.asked, func(call string) bool { return strings.HasSuffix(call, "Role Deploy") || call == "ListRoles" })
	if wrote < 0 || asked < wrote {
		t.Errorf("asked %q", w.asked)
	}
}

func TestOneRAMThatHangsIsNotAskedForEver(t *testing.T) {
	b, w := newBench(t), newWorld(t)
	wanted := b.wantsSAML("A", federation.Manage{})
	for range 50 {
		wanted.SAML = append(wanted.SAML, wanted.SAML[0])
	}
	w.trouble = func(rw http.ResponseWriter, action string, _ url.Values) bool {
		if action == "GetSAMLProvider" {
			refuse(rw, 503, "ServiceUnavailable")
		}
		return action == "GetSAMLProvider"
	}
	if result, err := w.push(wanted); err != nil || result.Trouble == nil || len(w.asked) != 3 { // a call is tried twice
		t.Errorf("%+v, %v, asked %q", result, err, w.asked)
	}
}

func TestWithoutCredentialsNothingIsAsked(t *testing.T) {
	b, w := newBench(t), newWorld(t)
	config := w.config()
	config.Credentials = nil
	for _, wanted := range []push.Wanted{b.wantsSAML("A", federation.Manage{})} {
		config.Credentials = noCredentials
		trouble, err := config.Push(t.Context(), wanted, w.tell)
		if err != nil || !errors.Is(trouble, errNone) || len(w.asked) > 0 {
			t.Errorf("%v, %v, %q", trouble, err, w.asked)
		}
	}
}
