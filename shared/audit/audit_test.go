package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/reason"
)

func TestEveryLineOfARequestCarriesItsID(t *testing.T) {
	var out bytes.Buffer
	log := audit.Logger(&out).With("function", "f")
	log.InfoContext(audit.Begin(t.Context(), "1-2-3"), "inside")
	log.InfoContext(t.Context(), "outside")
	lines := readLines(t, &out)
	if got := lines[0]["request_id"]; got != "1-2-3" {
		t.Errorf("inside: request_id %v", got)
	}
	if _, ok := lines[1]["request_id"]; ok {
		t.Error("outside: a request_id from nowhere")
	}
}

func TestARefusalSaysHowFarItCame(t *testing.T) {
	var out bytes.Buffer
	ctx := audit.Begin(t.Context(), "1-2-3")
	audit.Of(ctx).Record = "okta"
	audit.Of(ctx).TokenSHA256 = "ab12"
	audit.Write(ctx, audit.Logger(&out), audit.Event{
		Function: "saml-acs", Status: 401, Took: 1500 * time.Microsecond,
		Err: reason.New(reason.AudienceMismatch, "audience %q", "x"),
	})
	line := readLines(t, &out)[0]
	delete(line, "time")
	want := map[string]any{
		"level": "INFO", "msg": "decision", "outcome": "refused", "function": "saml-acs",
		"status": 401.0, "took_ms": 1.0, "reason": "audience_mismatch", "detail": `audience "x"`,
		"reference": audit.Reference("1-2-3"), "record": "okta", "token_sha256": "ab12", "request_id": "1-2-3",
	}
	if !maps.Equal(line, want) {
		t.Errorf("got  %v\nwant %v", line, want)
	}
}

func TestLevelsSayWhoseFaultItWas(t *testing.T) {
	for level, err := range map[string]error{
		"INFO":  reason.New(reason.Expired, "late"),
		"WARN":  reason.New(reason.StoreUnavailable, "no answer"),
		"ERROR": errors.New("a fault of ours"),
	} {
		var out bytes.Buffer
		audit.Write(t.Context(), audit.Logger(&out), audit.Event{Err: err})
		if got := readLines(t, &out)[0]["level"]; got != level {
			t.Errorf("%v is logged as %v", err, got)
		}
	}
}

func TestADecisionOutsideOfARequestIsNobodys(t *testing.T) {
	audit.Of(context.Background()).Subject = "ada"
	if got := audit.Of(context.Background()).Subject; got != "" {
		t.Errorf("it was kept: %q", got)
	}
}

func TestReferencesCanBeReadOut(t *testing.T) {
	form := regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{2}$`)
	ids := []string{"", "1-64f6cd87-1", "1-64f6cd87-2", "1-64f6cd87-3"}
	var made []string
	for _, id := range ids {
		made = append(made, audit.Reference(id))
		if !form.MatchString(audit.Reference(id)) {
			t.Errorf("%q has reference %q", id, audit.Reference(id))
		}
	}
	slices.Sort(made)
	if len(slices.Compact(made)) != len(ids) {
		t.Errorf("references are doubled: %v", made)
	}
}

func readLines(t *testing.T, out *bytes.Buffer) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for dec := json.NewDecoder(out); dec.More(); {
		var line map[string]any
		if err := dec.Decode(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	return lines
}
