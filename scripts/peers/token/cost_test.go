//go:build prices

// Package token_test holds what an ID token costs us beside what golang-jwt,
// go-oidc and the bare crypto take for the same one.
package token_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/peers/price"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// The bars. The first is for RS256, whose signature is the cheapest to verify.
const (
	mostOfBare = 1.25
	mostAllocs = 60
)

// message is a token of a workflow at GitHub, signed by an issuer of ours.
type message struct {
	issuer    validatetest.Issuer
	algorithm string
	compact   string
	record    trust.Record
}

func newMessage(tb testing.TB, algorithm string) message {
	tb.Helper()
	text, err := os.ReadFile("../../../functions/oidc-exchange/exchange/testdata/tokens/github.json")
	if err != nil {
		tb.Fatal(err)
	}
	var shape struct{ Claims map[string]any }
	if err := json.Unmarshal(text, &shape); err != nil {
		tb.Fatal(err)
	}
	now := validatetest.Now().Unix()
	maps.Copy(shape.Claims, map[string]any{
		"environment": "production", "enterprise": "acme", "enterprise_id": "4321",
		"iss": validatetest.IssuerURL, "iat": now, "nbf": now, "exp": now + 300,
	})
	issuer := validatetest.NewIssuer(tb).By(algorithm)
	return message{issuer, algorithm, issuer.Token(shape.Claims), issuer.Record()}
}

// TestCosts holds us to the bars. A busy machine gets three tries: it can make a
// judge look worse, never better than it is, so what each did best in any counts.
func TestCosts(t *testing.T) {
	for _, algorithm := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		t.Run(algorithm, func(t *testing.T) {
			m := newMessage(t, algorithm)
			t.Logf("%d characters", len(m.compact))
			judges, best := []price.Judge{ours(t, m), bare(t, m), registered(t, m), mapped(t, m), theGoOIDC(t, m)}, map[string]price.Cost{}
			var missed string
			for range 3 {
				price.Again(t, judges, best)
				if missed = m.missed(t, best); missed == "" {
					return
				}
			}
			t.Error(missed)
		})
	}
}

func (m message) missed(tb testing.TB, got map[string]price.Cost) string {
	tb.Helper()
	us, floor := got["ours"], got["bare crypto"]
	for _, name := range slices.Sorted(maps.Keys(got)) {
		c := got[name]
		tb.Logf("%-28s %7.1f us %5.0f objects %5.2f of the bare crypto", name, float64(c.CPU.Nanoseconds())/1e3, c.Allocs, price.Ratio(c, floor))
	}
	switch others := min(got["golang-jwt RegisteredClaims"].CPU, got["golang-jwt MapClaims"].CPU); {
	case us.CPU > others:
		return fmt.Sprintf("%v, golang-jwt takes %v", us.CPU, others)
	case m.algorithm == "RS256" && price.Ratio(us, floor) > mostOfBare:
		return fmt.Sprintf("%.2f of the bare crypto's time, at most %.2f", price.Ratio(us, floor), mostOfBare)
	case m.algorithm == "RS256" && us.Allocs > mostAllocs:
		return fmt.Sprintf("%.0f objects, at most %d", us.Allocs, mostAllocs)
	}
	return ""
}

// BenchmarkOurs is for profiles.
func BenchmarkOurs(b *testing.B) {
	for _, algorithm := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		b.Run(algorithm, func(b *testing.B) { price.Bench(b, ours(b, newMessage(b, algorithm))) })
	}
}
