package alert_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/audit"
)

var update = flag.Bool("update", false, "write the golden files")

func now() time.Time { return time.Date(2027, 3, 1, 12, 7, 3, 250_000_000, time.UTC) }

func some() alert.Box {
	record, account := alert.About{Record: "okta"}, alert.About{Account: "1000000000000002"}
	return alert.Box{
		alert.New(record, alert.CertificateExpires, now(), "the last certificate ends on %s", "2027-03-08T00:00:00Z"),
		alert.New(record, alert.KeysHeld, now(), `approve "them"`),
		alert.New(account, alert.SourceRecovered, now().Add(time.Minute), "it answers again").As(alert.Critical),
		alert.New(alert.About{}, "of_tomorrow", now(), "中文"),
	}
}

// TestAnAlertHasOneShape in the log and one as an event; both are for machines of
// others, so neither changes unseen.
func TestAnAlertHasOneShape(t *testing.T) {
	var got bytes.Buffer
	alert.NewTeller(audit.Logger(&got), nil).Tell(audit.Begin(t.Context(), "1-2-3"), some())
	for _, a := range some() {
		for _, bus := range []string{"", "sso"} {
			event, err := a.Event(alert.Origin{Source: "https://sso.acme.com", Bus: bus})
			if err != nil {
				t.Fatal(err)
			}
			got.Write(append(event, '\n'))
		}
	}
	const golden = "testdata/alerts.golden"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(golden); err != nil || !bytes.Equal(want, got.Bytes()) {
		t.Errorf("%v, got\n%s", err, got.String())
	}
}

// TestAnAlertIsItselfAgainFromItsRow, whatever the row's clock and zone made of it.
func TestAnAlertIsItselfAgainFromItsRow(t *testing.T) {
	ids := map[string]bool{}
	for _, a := range some() {
		text, err := json.Marshal(a)
		var back alert.Alert
		if err != nil || json.Unmarshal(text, &back) != nil || back.ID() != a.ID() {
			t.Errorf("%v: %s", err, text)
		}
		ids[a.ID()] = true
		a.At = a.At.Add(time.Millisecond)
		ids[a.ID()] = true
	}
	if len(ids) != 2*len(some()) {
		t.Errorf("%d ids", len(ids))
	}
}

func TestADetailIsShort(t *testing.T) {
	a := alert.New(alert.About{Record: "okta"}, alert.SourceFailing, now(), "%s", strings.Repeat("中", 1000))
	if len(a.Detail) > 2010 || !strings.HasSuffix(a.Detail, "中...") {
		t.Errorf("%d bytes: %s", len(a.Detail), a.Detail[len(a.Detail)-20:])
	}
}

// TestWhatCannotBeSentWaits, is logged once, and goes first when it can be sent.
func TestWhatCannotBeSentWaits(t *testing.T) {
	var log strings.Builder
	var sent []string
	down := errors.New("down")
	var fault error
	run := func(box alert.Box) alert.Box {
		return alert.NewTeller(slog.New(slog.NewTextHandler(&log, nil)), func(_ context.Context, a alert.Alert) error {
			sent = append(sent, a.ID())
			return fault
		}).Tell(t.Context(), box)
	}
	fault = down
	left := run(some())
	if len(left) != 4 || len(sent) != 3 { // the fourth is not even tried
		t.Errorf("%d wait, %d were tried", len(left), len(sent))
	}
	fault, sent = nil, nil
	if left = run(left); len(left) != 0 || len(sent) != 4 || sent[0] != some()[0].ID() {
		t.Errorf("%d wait, sent %q", len(left), sent)
	}
	if n := strings.Count(log.String(), "msg=alert "); n != 4 {
		t.Errorf("%d lines: %s", n, log.String())
	}
}

// TestARefusedAlertKeepsNoOtherWaiting: the first ten of twenty are refused whenever
// they come.
func TestARefusedAlertKeepsNoOtherWaiting(t *testing.T) {
	var log strings.Builder
	var box alert.Box
	for n := range 20 {
		box = box.With(alert.New(alert.About{Record: "okta"}, alert.SourceFailing, now(), "%02d", n))
	}
	box = alert.NewTeller(slog.New(slog.NewTextHandler(&log, nil)), func(_ context.Context, a alert.Alert) error {
		if a.Detail < "10" {
			return fmt.Errorf("carrier: %w", alert.RefusedError{Err: io.ErrShortBuffer})
		}
		return nil
	}).Tell(t.Context(), box)
	if len(box) != 10 || strings.Count(log.String(), "short buffer") != 3 {
		t.Errorf("%d wait: %s", len(box), log.String())
	}
}

// TestOfTooManyTheNewestWait, and the log has all.
func TestOfTooManyTheNewestWait(t *testing.T) {
	var log strings.Builder
	var box alert.Box
	down := func(context.Context, alert.Alert) error { return errors.New("down") }
	for run := range 3 {
		for n := range 40 {
			box = box.With(alert.New(alert.About{Record: "okta"}, alert.SourceFailing, now(), "%d.%d", run, n))
		}
		box = alert.NewTeller(slog.New(slog.NewTextHandler(&log, nil)), down).Tell(t.Context(), box)
	}
	if len(box) != 50 || box[49].Detail != "2.39" || strings.Count(log.String(), "msg=alert ") != 120 || !strings.Contains(log.String(), "too many wait") {
		t.Errorf("%d wait, %d lines", len(box), strings.Count(log.String(), "msg=alert "))
	}
}

func TestALogThatTakesNothingGetsNothing(t *testing.T) {
	if left := alert.NewTeller(slog.New(slog.DiscardHandler), nil).Tell(t.Context(), some()); len(left) != 0 {
		t.Errorf("%d wait", len(left))
	}
}

func TestEachKindSaysWhatToDo(t *testing.T) {
	seen := map[alert.Kind]bool{}
	for _, row := range alert.Table() {
		if seen[row.Kind] || row.When == "" || row.Do == "" || row.Severity == "" || strings.ContainsAny(row.When+row.Do, "|\n") {
			t.Errorf("%+v", row)
		}
		seen[row.Kind] = true
	}
}
