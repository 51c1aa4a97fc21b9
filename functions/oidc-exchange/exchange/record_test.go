package exchange_test

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/functions/oidc-exchange/exchange"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// TestTheAudienceChoosesAmongRecordsOfOneIssuer: a company has one issuer for its
// pipelines and its pods, and a record with rules of its own for each.
func TestTheAudienceChoosesAmongRecordsOfOneIssuer(t *testing.T) {
	b := newBench(t)
	other := validatetest.TokenSource()
	other.ID, other.OIDC.Audiences = "pods", []string{"pods"}
	var judges []string
	handler := exchange.New(exchange.Config{
		Log: quiet.Log, Now: validatetest.Now, Nonces: validatetest.NewNonces(), Issuer: b,
		Trusting: func(context.Context, string) ([]federation.Trusting, error) {
			return []federation.Trusting{{ID: b.source.ID, Audiences: b.source.OIDC.Audiences}, {ID: "pods", Audiences: []string{"pods"}}}, nil
		},
		Record: func(_ context.Context, idp string) (trust.Record, error) {
			judges = append(judges, idp)
			source := b.source
			if idp == "pods" {
				source = other
			}
			return validatetest.IssuerRecord(t, source, b.issuer.Learned()), nil
		},
		Rules:    func(context.Context, string) (federation.Revision, error) { return b.rev, nil },
		Longest:  b.allows,
		SourceIP: func(context.Context) netip.Addr { return netip.Addr{} },
	})
	b.Handler = handler
	for _, c := range []struct {
		audience any
		judge    []string
		says     string
	}{
		{validatetest.Audience, []string{"issuer"}, `"access_token"`},
		{[]string{validatetest.Audience, "elsewhere"}, []string{"issuer"}, `"access_token"`},
		{"pods", []string{"pods"}, `"role_not_granted"`}, // its rules are others
		{"elsewhere", nil, `one of ['sts.aliyuncs.com' 'client' 'pods'] is wanted`},
		{[]string{"pods", validatetest.Audience}, nil, "audiences of several records, ['issuer' 'pods']"},
		{nil, nil, `"audience_mismatch"`},
	} {
		judges = nil
		w := b.exchange(t, map[string]string{"subject_token": b.issuer.Token(map[string]any{"aud": c.audience, "jti": nil})})
		if !slices.Equal(judges, c.judge) || !strings.Contains(w.Body.String(), c.says) || (w.Code == http.StatusOK) != strings.Contains(c.says, "access_token") {
			t.Errorf("aud %v: judges %q, %d %s", c.audience, judges, w.Code, w.Body)
		}
	}
}
