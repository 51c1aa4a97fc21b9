package push_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/push"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

const (
	secret = "the+role/secret"
	token  = "the+role/token"
)

// world is one account's RAM behind a server, as its documents have it, and the store
// of the bundle. Both die together, after a number of writes.
type world struct {
	t   *testing.T
	now time.Time

	mu       sync.Mutex
	saml     map[string]map[string]string // by name: what Get answers
	oidc     map[string]map[string]string
	settings map[string]any
	roles    map[string]map[string]any
	calls    []string // that changed something
	asked    []string
	row      []byte
	version  int64
	puts     int
	lives    int                                                // writes until it dies; negative: for ever
	trouble  func(http.ResponseWriter, string, url.Values) bool // true: it answered
	stored   func() error
	changed  func(*world) // after each write
	wrote    []string
	told     []alert.Alert
	deaf     bool
	server   *httptest.Server
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t: t, now: noon, lives: -1,
		saml: map[string]map[string]string{}, oidc: map[string]map[string]string{}, roles: map[string]map[string]any{},
		settings: map[string]any{"SsoEnabled": true, "AuthnSignAlgo": "rsa-sha1", "AuxiliaryDomain": "acme.com", "SsoLoginWithDomain": true, "MetadataDocument": ""},
	}
	w.server = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(w.server.Close)
	return w
}

func (w *world) config() push.Config {
	return push.Config{
		API: openapi.New(func() time.Time { return w.now }, rand.Reader), STSEndpoint: w.server.URL, IMSEndpoint: w.server.URL, RAMEndpoint: w.server.URL,
		Credentials: func(context.Context) (ram.Credentials, error) {
			return ram.Credentials{AccessKeyID: "own", AccessKeySecret: "own/secret"}, nil
		},
		Store: w, Now: func() time.Time { return w.now },
		Wrote: func(_ context.Context, _ push.Wanted, c push.Call, err error) {
			w.wrote = append(w.wrote, fmt.Sprintf("%s %v", c.Action, err))
		},
	}
}

// outcome is what came of a run.
type outcome struct {
	Trouble error
	Alerts  []alert.Alert // that were told
}

func (w *world) push(wanted push.Wanted) (outcome, error) {
	wanted.Maintenance = must(ram.ParseRoleARN("acs:ram::1234567890123456:role/maintenance"))
	w.told = nil
	trouble, err := w.config().Push(w.t.Context(), wanted, w.tell)
	return outcome{trouble, w.told}, err
}

func (w *world) tell(_ context.Context, box alert.Box) alert.Box {
	if w.deaf {
		return box
	}
	w.told = append(w.told, box...)
	return nil
}

// mustPush is one run without trouble.
func (w *world) mustPush(wanted push.Wanted) outcome {
	w.t.Helper()
	result, err := w.push(wanted)
	if err != nil || result.Trouble != nil {
		w.t.Fatalf("%v, %v", result.Trouble, err)
	}
	return result
}

func (w *world) Account(context.Context, string) ([]byte, int64, error) {
	if w.lives == 0 {
		return nil, 0, reason.New(reason.StoreUnavailable, "dead")
	}
	return w.row, w.version, nil
}

func (w *world) PutAccount(_ context.Context, _ string, row []byte, version int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stored != nil {
		if err := w.stored(); err != nil {
			return err
		}
	}
	if version != w.version {
		return reason.New(reason.StoreConflict, "version %d is not %d", version, w.version)
	}
	if !w.live() {
		return reason.New(reason.StoreUnavailable, "dead")
	}
	w.row, w.version, w.puts = row, version+1, w.puts+1
	return nil
}

// live takes one life for a write.
func (w *world) live() bool {
	if w.lives > 0 {
		w.lives--
		return true
	}
	return w.lives < 0
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	action, q := r.Header.Get("X-Acs-Action"), r.URL.Query()
	w.asked = append(w.asked, strings.TrimSpace(action+" "+nameIn(q)))
	if w.lives == 0 || w.trouble != nil && w.trouble(rw, action, q) {
		if w.lives == 0 {
			panic(http.ErrAbortHandler)
		}
		return
	}
	if version := map[bool]string{true: "2015-05-01", false: "2019-08-15"}[action == "GetRole" || action == "ListRoles"]; action != "AssumeRole" && (r.Header.Get("X-Acs-Security-Token") != token || r.Header.Get("X-Acs-Version") != version) {
		refuse(rw, 403, "NoPermission")
		return
	}
	w.answer(rw, action, q)
}

func nameIn(q url.Values) string {
	return q.Get("SAMLProviderName") + q.Get("OIDCProviderName") + q.Get("RoleName")
}

func refuse(rw http.ResponseWriter, status int, code string) {
	rw.WriteHeader(status)
	_, _ = fmt.Fprintf(rw, `{"Code":%q,"Message":"it is refused","RequestId":"R"}`, code)
}

func (w *world) answer(rw http.ResponseWriter, action string, q url.Values) {
	name := nameIn(q)
	say := func(key string, v any) { _ = json.NewEncoder(rw).Encode(map[string]any{"RequestId": "R", key: v}) }
	saml, oidc := w.saml[name], w.oidc[name]
	switch {
	case action == "AssumeRole":
		if q.Get("RoleSessionName") != "fc-sso-rotation" || q.Get("DurationSeconds") != "900" {
			w.t.Errorf("AssumeRole: %v", q)
		}
		say("Credentials", map[string]string{"AccessKeyId": "STS.role", "AccessKeySecret": secret, "SecurityToken": token, "Expiration": "2027-03-01T13:00:00Z"})
	case action == "GetSAMLProvider" && saml != nil:
		say("SAMLProvider", saml)
	case action == "GetOIDCProvider" && oidc != nil:
		say("OIDCProvider", oidc)
	case action == "GetUserSsoSettings":
		say("UserSsoSettings", w.settings)
	case action == "GetRole" && w.roles[name] != nil:
		say("Role", w.roles[name])
	case action == "ListRoles":
		w.listRoles(rw, q)
	case strings.HasPrefix(action, "Get"):
		refuse(rw, 404, "EntityNotExist."+strings.TrimPrefix(action, "Get"))
	case !w.live():
		panic(http.ErrAbortHandler)
	default:
		w.write(action, name, q)
		say("Whatever", 1)
	}
}

// listRoles gives a hundred roles a page, without what they trust.
func (w *world) listRoles(rw http.ResponseWriter, q url.Values) {
	names := slices.Sorted(maps.Keys(w.roles))
	at := max(0, slices.Index(names, q.Get("Marker")))
	to := min(at+100, len(names))
	roles := []any{}
	for _, name := range names[at:to] {
		roles = append(roles, map[string]any{"Arn": w.roles[name]["Arn"], "RoleName": name, "MaxSessionDuration": w.roles[name]["MaxSessionDuration"]})
	}
	page := map[string]any{"Roles": map[string]any{"Role": roles}, "IsTruncated": to < len(names)}
	if to < len(names) {
		page["Marker"] = names[to]
	}
	_ = json.NewEncoder(rw).Encode(page)
}

func (w *world) write(action, name string, q url.Values) {
	w.calls = append(w.calls, strings.TrimSpace(action+" "+name))
	switch action {
	case "CreateSAMLProvider":
		w.hasSAML(name, q.Get("EncodedSAMLMetadataDocument"))
	case "UpdateSAMLProvider":
		w.hasSAML(name, q.Get("NewEncodedSAMLMetadataDocument"))
	case "CreateOIDCProvider":
		w.hasOIDC(name, q.Get("ClientIds"), q.Get("Fingerprints"))
	case "UpdateOIDCProvider":
		w.oidc[name]["ClientIds"] = q.Get("ClientIds")
	case "AddFingerprintToOIDCProvider":
		all := strings.Split(w.oidc[name]["Fingerprints"], ",")
		if len(all) == 5 {
			w.t.Errorf("a sixth fingerprint")
		}
		w.oidc[name]["Fingerprints"] = strings.Join(append(all, q.Get("Fingerprint")), ",")
	case "RemoveFingerprintFromOIDCProvider":
		all := slices.DeleteFunc(strings.Split(w.oidc[name]["Fingerprints"], ","), func(f string) bool { return f == q.Get("Fingerprint") })
		w.oidc[name]["Fingerprints"] = strings.Join(all, ",")
	case "SetUserSsoSettings":
		w.settings = map[string]any{
			"SsoEnabled": q.Get("SsoEnabled") == "true", "AuthnSignAlgo": q.Get("AuthnSignAlgo"), "AuxiliaryDomain": q.Get("AuxiliaryDomain"),
			"SsoLoginWithDomain": q.Get("SsoLoginWithDomain") == "true", "MetadataDocument": q.Get("MetadataDocument"),
		}
	default:
		w.t.Errorf("a call of %s", action)
	}
	if w.changed != nil {
		w.changed(w)
	}
}

// state is all that is there, as text.
func (w *world) state() string {
	text, err := json.MarshalIndent([]any{w.saml, w.oidc, w.settings, json.RawMessage(w.row)}, "", " ")
	return string(text) + fmt.Sprint(errors.Join(err))
}

var (
	errNone = errors.New("no credentials")
	other   = must(ram.ParseSAMLProviderARN("acs:ram::1234567890123456:saml-provider/other"))
)

func noCredentials(context.Context) (ram.Credentials, error) { return ram.Credentials{}, errNone }
