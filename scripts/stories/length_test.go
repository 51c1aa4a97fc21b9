package stories_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/workload"
)

// longer gives more than roles allow, in an account whose RAM is looked at and in one
// whose is not.
const longer = `
identityProviders:
  - id: ci
    oidc: {issuer: ISSUER, audiences: [sts.aliyuncs.com]}
accounts:
  - {id: "2345678901234567", alias: acme-dev, maintenanceRole: "acs:ram::2345678901234567:role/maintenance"}
  - {id: "3456789012345678", alias: acme-lab}
rules:
  - name: jobs run long
    idp: ci
    roles: [acs:ram::2345678901234567:role/job, acs:ram::3456789012345678:role/job]
    session: {name: job, duration: 8h}
    condition: any
`

// TestARolesMaximumDecidesHowLongItLasts once it was read; STS decides where nobody
// read it, and where it has shrunk since.
func TestARolesMaximumDecidesHowLongItLasts(t *testing.T) {
	t.Parallel()
	const looked, unseen = "2345678901234567", "3456789012345678"
	platform := workload.New(t)
	s := stack.Start(t, stack.Options{Federation: platform.Federation(t, longer), Instances: 1})
	allow := func(account, seconds string) {
		newOperator(t, s, account).call(s.Cloud.RAM, "2015-05-01", "UpdateRole", new(json.RawMessage), "RoleName", "job", "NewMaxSessionDuration", seconds)
	}
	take := func(account string, seconds int, by, note string, more ...string) {
		t.Helper()
		got := exchange(t, s, platform.Token(t, nil), append(more, "resource", "acs:ram::"+account+":role/job")...)
		if got.status != http.StatusOK || got.ExpiresIn > seconds || got.ExpiresIn < seconds-60 || got.DurationBy != by || got.DurationNote != note {
			t.Errorf("want %s for %d s: %d %s", by, seconds, got.status, got.body)
		}
	}
	allow(looked, "7200")
	allow(unseen, "7200")
	runTimer(t, s, 1)
	take(looked, 7200, "role", "The rule gives 8 h, but this role allows at most 2 h.")
	take(looked, 1800, "asked", "As asked for. The rule would give 8 h.", "duration", "30m")
	take(unseen, 3600, "role_unknown", "The rule gives 8 h. This role allows less, and how much is not known here yet: an hour, which every role allows.")
	allow(looked, "3600") // and nobody has looked since
	take(looked, 3600, "role_shrank", "The rule gives 8 h. This role allows less than when it was last looked at: an hour, which every role allows.")
	allow(unseen, "43200")
	take(unseen, 28800, "rule", "The rule gives 8 h.")
}
