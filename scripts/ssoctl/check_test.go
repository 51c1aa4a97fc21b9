package main

import (
	"encoding/json"
	"strings"
	"testing"
)

const wideFile = `
identityProviders:
  - id: github
    oidc: {issuer: https://token.actions.githubusercontent.com, audiences: [sts.aliyuncs.com]}
accounts:
  - {id: "1234567890123456", alias: acme-prod}
rules:
  - name: deploy
    idp: github
    roles: [acs:ram::1234567890123456:role/deploy]
    session: {name: deploy, duration: 2h}
    condition: {StringLike: {"oidc:sub": "repo:*"}}ALLOW
`

func wide(t *testing.T, allow string) string {
	t.Helper()
	return write(t, strings.Replace(wideFile, "ALLOW", allow, 1))
}

func TestCheckFailsOnWhatNobodyCanHaveMeant(t *testing.T) {
	file := wide(t, "")
	r := ssoctl(t, nil, "check", "-f", file)
	if r.status != statusWrong || !strings.Contains(r.stdout, file+":12:42: error: subject_too_wide: ") ||
		r.stderr != "ssoctl: "+file+" has 1 finding; mend them, or accept one where it stands: # sso-check: allow CODE because REASON\n" {
		t.Errorf("status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
}

func TestCheckPassesWhatIsAccepted(t *testing.T) {
	const accept = " # sso-check: allow subject_too_wide because this is a playground"
	if r := ssoctl(t, nil, "check", "-f", wide(t, accept)); r.status != statusDone || !strings.Contains(r.stdout, "accepted: subject_too_wide") {
		t.Errorf("status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
	if r := ssoctl(t, nil, "check", "-f", wide(t, " # sso-check: allow subject_too_wide")); r.status != statusWrong || !strings.Contains(r.stdout, "allow_without_reason") {
		t.Errorf("accepted without a reason: status %d\n%s", r.status, r.stdout)
	}
	if r := ssoctl(t, nil, "check", "-strict", "-f", wide(t, accept)); r.status != statusWrong || !strings.Contains(r.stdout, "warning: session_nameless") {
		t.Errorf("a warning passes -strict: status %d\n%s", r.status, r.stdout)
	}
}

func TestCheckKnowsHowLongARoleLasts(t *testing.T) {
	for most, want := range map[string]string{"1h": "warning: duration_above_maximum", "2h": ""} {
		r := ssoctl(t, nil, "check", "-f", wide(t, ""), "-role-max", "acs:ram::1234567890123456:role/deploy="+most)
		if strings.Contains(r.stdout, "duration_above") != (want != "") || !strings.Contains(r.stdout, want) {
			t.Errorf("%s:\n%s", most, r.stdout)
		}
	}
	for _, wrong := range []string{"deploy=1h", "acs:ram::1234567890123456:role/deploy", "acs:ram::1234567890123456:role/deploy=1m"} {
		if r := ssoctl(t, nil, "check", "-f", wide(t, ""), "-role-max", wrong); r.status != statusWrong || !strings.Contains(r.stderr, checkUsage) {
			t.Errorf("%s: status %d %s", wrong, r.status, r.stderr)
		}
	}
}

func TestCheckSpeaksToMachines(t *testing.T) {
	file := wide(t, "")
	r := ssoctl(t, nil, "check", "-o", "json", "-f", file)
	var out checked
	if err := json.Unmarshal([]byte(r.stdout), &out); err != nil || r.status != statusWrong || r.stderr != "" {
		t.Fatalf("%v, status %d %s", err, r.status, r.stderr)
	}
	if len(out.Faults) != 0 || len(out.Findings) == 0 || out.File != file {
		t.Errorf("%s", r.stdout)
	}
	for _, f := range out.Findings {
		if f.Line == 0 || f.Column == 0 || f.Code == "" || f.Severity == "" || f.Cause == "" || f.Fix == "" {
			t.Errorf("%+v", f)
		}
	}
	r = ssoctl(t, nil, "check", "-o", "json", "-f", "testdata/broken.yaml")
	if err := json.Unmarshal([]byte(r.stdout), &out); err != nil || len(out.Faults) != 4 || r.status != statusWrong {
		t.Errorf("%v, status %d\n%s", err, r.status, r.stdout)
	}
	if r := ssoctl(t, nil, "check", "-o", "xml", "-f", file); r.status != statusWrong || !strings.Contains(r.stderr, `there is no output "xml"`) {
		t.Errorf("status %d %s", r.status, r.stderr)
	}
}

// TestCheckKeepsItsShape holds every name of what machines read: README says them.
func TestCheckKeepsItsShape(t *testing.T) {
	const accept = " # sso-check: allow subject_too_wide because this is a playground"
	file := wide(t, accept)
	r := ssoctl(t, nil, "check", "-o", "json", "-f", file, "-role-max", "acs:ram::1234567890123456:role/deploy=2h")
	want := `{
  "file": "` + file + `",
  "faults": [],
  "findings": [
    {
      "line": 11,
      "column": 21,
      "cause": "all sessions of rule \"deploy\" are called \"deploy\"",
      "fix": "use a variable that tells people apart: {{nameID}}",
      "code": "session_nameless",
      "severity": "warning"
    },
    {
      "line": 12,
      "column": 42,
      "cause": "StringLike [\"repo:*\"] leaves the owner open: any workflow of any repository at GitHub may meet rule \"deploy\"",
      "fix": "name the owner whole, before any *: oidc:sub begins repo:OWNER/",
      "code": "subject_too_wide",
      "severity": "error",
      "accepted": "this is a playground"
    },
    {
      "line": 12,
      "column": 42,
      "cause": "\"repo:*\" is met by pull requests too, of whoever may open one",
      "fix": "name the branch, tag or environment: repo:OWNER/NAME:ref:refs/heads/main",
      "code": "pull_request_subject",
      "severity": "warning"
    }
  ]
}
`
	r.want(t, statusDone, want, "")
}
