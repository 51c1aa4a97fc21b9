package stories_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/workload"
)

// longer gives more than roles allow, in an account whose RAM is looked at and in one
// whose is not, whoever issues there.
const longer = `
identityProviders:
  - id: ci
    oidc: {issuer: ISSUER, audiences: [sts.aliyuncs.com]}
accounts:
  - id: "2345678901234567"
    alias: acme-dev
    maintenanceRole: acs:ram::2345678901234567:role/maintenance
    oidcProviders: {ci: "acs:ram::2345678901234567:oidc-provider/ci"}
  - id: "3456789012345678"
    alias: acme-lab
    oidcProviders: {ci: "acs:ram::3456789012345678:oidc-provider/ci"}
  - id: "4567890123456789"
    alias: direct-dev
    issue: direct
    maintenanceRole: acs:ram::4567890123456789:role/maintenance
    oidcProviders: {ci: "acs:ram::4567890123456789:oidc-provider/ci"}
  - id: "5678901234567890"
    alias: direct-lab
    issue: direct
    oidcProviders: {ci: "acs:ram::5678901234567890:oidc-provider/ci"}
rules:
  - name: jobs run long
    idp: ci
    roles: [LOOKED, UNSEEN]
    session: {name: job, duration: 8h}
    condition: any
`

// TestARolesMaximumDecidesHowLongItLasts once it was read; STS decides where nobody
// read it, and where it has shrunk since. At /oidc/token and at /sts the same sentence
// says so.
func TestARolesMaximumDecidesHowLongItLasts(t *testing.T) {
	t.Parallel()
	roles := strings.NewReplacer("LOOKED", "acs:ram::2345678901234567:role/job, acs:ram::4567890123456789:role/job",
		"UNSEEN", "acs:ram::3456789012345678:role/job, acs:ram::5678901234567890:role/job")
	platform := workload.New(t)
	s := stack.Start(t, stack.Options{Federation: platform.Federation(t, roles.Replace(longer)), Instances: 1})
	ways := map[string]struct{ looked, unseen string }{
		"assume-role": {"2345678901234567", "3456789012345678"},
		"direct":      {"4567890123456789", "5678901234567890"},
	}
	for _, way := range ways {
		allow(t, s, way.looked, "7200")
		allow(t, s, way.unseen, "7200")
	}
	runTimer(t, s, 1)
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			take := func(account string, seconds int, by, note string, more ...string) {
				t.Helper()
				takeJob(t, s, platform, account, seconds, by, note, more...)
			}
			take(way.looked, 7200, "role", "The rule gives 8 h, but this role allows at most 2 h.")
			take(way.looked, 1800, "asked", "As asked for. The rule would give 8 h.", "duration", "1800")
			take(way.unseen, 3600, "role_unknown", "The rule gives 8 h. This role allows less, and how much is not known here yet: an hour, which every role allows.")
			allow(t, s, way.looked, "3600") // and nobody has looked since
			take(way.looked, 3600, "role_shrank", "The rule gives 8 h. This role allows less than when it was last looked at: an hour, which every role allows.")
			allow(t, s, way.unseen, "43200")
			take(way.unseen, 28800, "rule", "The rule gives 8 h.")
		})
	}
}

// allow sets the role's maximum in RAM.
func allow(t *testing.T, s *stack.Stack, account, seconds string) {
	t.Helper()
	newOperator(t, s, account).call(s.Cloud.RAM, "2015-05-01", "UpdateRole", new(json.RawMessage), "RoleName", "job", "NewMaxSessionDuration", seconds)
}

// takeJob takes the role in both protocols.
func takeJob(t *testing.T, s *stack.Stack, platform workload.Issuer, account string, seconds int, by, note string, more ...string) {
	t.Helper()
	role := "acs:ram::" + account + ":role/job"
	got := exchange(t, s, platform.Token(t, nil), append(more, "resource", role)...)
	if got.status != http.StatusOK || got.ExpiresIn > seconds || got.ExpiresIn < seconds-60 || got.DurationBy != by || got.DurationNote != note {
		t.Errorf("want %s for %d s: %d %s", by, seconds, got.status, got.body)
	}
	call := []string{"RoleArn", role, "OIDCProviderArn", "acs:ram::" + account + ":oidc-provider/ci", "RoleSessionName", "job", "OIDCToken", platform.Token(t, nil)}
	if len(more) > 0 {
		call = append(call, "DurationSeconds", more[1])
	}
	again := callSTS(t, s, "AssumeRoleWithOIDC", call...)
	if lasts := time.Until(again.Credentials.Expiration).Round(time.Minute); again.status != http.StatusOK || again.note != note || lasts != time.Duration(seconds)*time.Second {
		t.Errorf("want %s for %d s at /sts: %s, %d %s: %s", by, seconds, lasts, again.status, again.note, again.body)
	}
}
