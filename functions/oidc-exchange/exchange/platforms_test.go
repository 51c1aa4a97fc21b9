package exchange_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/functions/oidc-exchange/exchange"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/federation/yamlfile"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const examples = "../../../template/examples"

// example is the exchange under the example for pipelines and pods. Its issuers are
// all ours: what makes a token GitHub's is what it says.
func example(t *testing.T) *bench {
	t.Helper()
	text, err := os.ReadFile(examples + "/ci-only.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rev, faults := yamlfile.Parse(text, os.DirFS(examples), federation.Options{})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	b := &bench{issuer: validatetest.NewIssuer(t)}
	records, believers := map[string]trust.Record{}, map[string][]federation.Trusting{}
	for _, source := range rev.IdentityProviders() {
		learned := b.issuer.Learned()
		learned.Issuer = source.OIDC.Issuer
		records[source.ID] = validatetest.IssuerRecord(t, source, learned)
		believers[source.OIDC.Issuer] = append(believers[source.OIDC.Issuer], federation.Trusting{ID: source.ID, Audiences: source.OIDC.Audiences})
	}
	b.Handler = exchange.New(exchange.Config{
		Log: quiet.Log, Now: validatetest.Now, Nonces: validatetest.NewNonces(), Issuer: b,
		Trusting: func(_ context.Context, issuer string) ([]federation.Trusting, error) {
			if believers[issuer] == nil {
				return nil, reason.New(reason.IdPUnknown, "no identity provider has issuer %q", issuer)
			}
			return believers[issuer], nil
		},
		Record:   func(_ context.Context, idp string) (trust.Record, error) { return records[idp], nil },
		Rules:    func(context.Context, string) (federation.Revision, error) { return rev, nil },
		Longest:  b.allows,
		SourceIP: func(context.Context) netip.Addr { return netip.Addr{} },
	})
	return b
}

// platformToken is a token as a platform makes it, with some claims changed.
func platformToken(t *testing.T, issuer validatetest.Issuer, file string, changes map[string]any) string {
	t.Helper()
	text, err := os.ReadFile("testdata/tokens/" + file + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var shape struct {
		Header, Claims map[string]any
		Life           int64
	}
	if err := json.Unmarshal(text, &shape); err != nil {
		t.Fatal(err)
	}
	now := validatetest.Now().Unix()
	maps.Copy(shape.Claims, map[string]any{"iat": now - 5, "nbf": now - 5, "exp": now - 5 + shape.Life})
	maps.Copy(shape.Claims, changes)
	return issuer.Sign(issuer.JSON(shape.Header), issuer.JSON(shape.Claims))
}

func TestTokensOfPlatformsUnderTheExample(t *testing.T) {
	const prod, dev = "acs:ram::1234567890123456:role/", "acs:ram::2345678901234567:role/"
	for _, c := range []struct {
		platform, role string
		changes        map[string]any
		session        string // that comes of it, or
		lacks          string // what the refusal names
	}{
		{"github", prod + "deploy-shop", nil, "acme-shop", ""},
		{"github", dev + "try", map[string]any{"sub": "repo:acme/shop:ref:refs/heads/x"}, "acme-shop", ""},
		{"github", prod + "deploy-shop", map[string]any{"sub": "repo:acme/shop:pull_request"}, "", "oidc:sub is ['repo:acme/shop:pull_request']"},
		{"github", prod + "deploy-shop", map[string]any{"sub": "repo:Acme/shop:ref:refs/heads/main"}, "", "oidc:sub is ['repo:Acme/shop"},
		{"github", prod + "deploy-shop", map[string]any{"repository_owner_id": "7654321"}, "", "oidc:repository_owner_id is ['7654321']"},
		{"github", prod + "deploy-platform", nil, "", "no rule gives it to people of github"},
		{"gitlab", prod + "deploy-platform", nil, "project_path-platform-cluster-ref_type-branch-ref-main", ""},
		{"gitlab", prod + "deploy-platform", map[string]any{"ref_protected": "false"}, "", "oidc:ref_protected is ['false']"},
		{"gitlab", prod + "deploy-platform", map[string]any{"project_path": "platforms/cluster"}, "", "oidc:project_path is ['platforms/cluster']"},
		{"gitlab", prod + "deploy-platform", map[string]any{"iss": "https://gitlab.com"}, "", "no identity provider has issuer 'https://gitlab.com'"},
		{"kubernetes", prod + "shop-pictures", nil, "shop-web", ""},
		{"kubernetes", prod + "shop-pictures", map[string]any{"sub": "system:serviceaccount:shop:default"}, "", "oidc:sub is ['system:serviceaccount:shop:default']"},
		{"kubernetes", prod + "shop-pictures", map[string]any{"aud": []string{"https://kubernetes.default.svc"}}, "", "one of ['sts.aliyuncs.com'] is wanted"},
		{"entra", prod + "bills", nil, "azure-bookkeeping", ""},
		{"entra", prod + "bills", map[string]any{"oid": "00000000-aaaa-bbbb-cccc-dddddddddddd"}, "", "oidc:oid is ['00000000"},
		{"entra", prod + "bills", map[string]any{"roles": []string{"bills.list"}}, "", "oidc:roles is ['bills.list'], one of ['bills.read'] is wanted"},
		{"entra", prod + "bills", map[string]any{"iss": "https://sts.windows.net/11111111-2222-3333-4444-555555555555/"}, "", "no identity provider has issuer 'https://sts.windows.net"},
	} {
		b := example(t)
		w := b.exchange(t, map[string]string{"resource": c.role, "subject_token": platformToken(t, b.issuer, c.platform, c.changes)})
		switch {
		case c.lacks != "":
			if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), c.lacks) || len(b.grants) > 0 {
				t.Errorf("%s %v: %d %s", c.platform, c.changes, w.Code, w.Body)
			}
		case w.Code != http.StatusOK:
			t.Errorf("%s %v: %d %s", c.platform, c.changes, w.Code, w.Body)
		case b.grants[0].SessionName() != c.session || b.grants[0].Role().String() != c.role:
			t.Errorf("%s %v: %s as %q", c.platform, c.changes, b.grants[0].Role(), b.grants[0].SessionName())
		}
	}
}

// TestAPodPresentsItsTokenAgain, and a pipeline may not.
func TestAPodPresentsItsTokenAgain(t *testing.T) {
	b := example(t)
	const role = "acs:ram::1234567890123456:role/"
	for platform, want := range map[string]int{"github": http.StatusBadRequest, "gitlab": http.StatusBadRequest, "kubernetes": http.StatusOK, "entra": http.StatusOK} {
		again := map[string]string{"subject_token": platformToken(t, b.issuer, platform, nil), "resource": ""} // the only one
		if platform == "github" {                                                                              // main is a branch too
			again["resource"] = role + "deploy-shop"
		}
		first, second := b.exchange(t, again), b.exchange(t, again)
		if first.Code != http.StatusOK || second.Code != want {
			t.Errorf("%s: %d and then %d %s", platform, first.Code, second.Code, second.Body)
		}
	}
}
