package validate_test

import (
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// github are the claims of a workflow's token, 1.7 KB of it.
func github() map[string]any {
	claims := map[string]any{"jti": "6f2c6a3e-a1f8-4ac0-8a2c-0b7dbf0f7d11", "actor": "ada", "actor_id": "1234567", "runner_environment": "github-hosted", "ref_type": "branch"}
	for _, name := range strings.Fields("base_ref environment event_name head_ref job_workflow_ref job_workflow_sha ref ref_protected repository repository_id repository_owner repository_visibility run_attempt run_id run_number sha workflow workflow_ref workflow_sha") {
		claims[name] = "acme/shop/.github/workflows/deploy"
	}
	return claims
}

// BenchmarkToken is every check, beside the bare signature by golang-jwt.
func BenchmarkToken(b *testing.B) {
	for _, algorithm := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		issuer := validatetest.NewIssuer(b).By(algorithm)
		token := issuer.Token(github())
		record := issuer.Record(func(s *trust.Source) { s.OIDC.TokenUse = trust.UntilExpiry })
		b.Run(algorithm+"/all", func(b *testing.B) {
			guard := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now}
			b.ReportAllocs()
			for b.Loop() {
				who, err := guard.Token(b.Context(), record, validate.TokenWant{}, token)
				if err != nil || len(who.Attribute("repository")) != 1 || who.Subject() == "" || len(who.Attribute("ref")) != 1 {
					b.Fatal(err)
				}
			}
		})
		b.Run(algorithm+"/bare", func(b *testing.B) {
			end := strings.LastIndexByte(token, '.')
			signature := issuer.Signature(token[:end])
			method := jwt.GetSigningMethod(algorithm)
			public := issuer.Public()
			b.ReportAllocs()
			for b.Loop() {
				if err := method.Verify(token[:end], signature, public); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
