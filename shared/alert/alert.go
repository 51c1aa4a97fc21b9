// Package alert tells what somebody should know of: each thing once.
//
// In: an alert about an identity provider, an account or the bundle's own keys. Out:
// one line in the log, and one CloudEvent to whoever carries it on (EventBridge, a
// topic of MNS, nobody). What could not be carried waits in the row that says why it
// was told, so that the next run tries again. Refused: nothing; but of more than fifty
// that wait the oldest go first, and are in the log alone.
package alert

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// detailLimit is far below the 64 KB of an event: a page of HTML is no detail.
const detailLimit = 2000

// About is whose matter it is; the zero value is the bundle's own.
type About struct {
	Record  string `json:"record,omitempty"`  // id of the identity provider
	Account string `json:"account,omitempty"` // id of the account
}

// subject is what the event's envelope says of it.
func (a About) subject() string {
	if a.Account != "" {
		return "account/" + a.Account
	}
	if a.Record != "" {
		return "record/" + a.Record
	}
	return "bundle"
}

// Alert is one thing that somebody should know. [New] makes it; its JSON is for the
// row in which it waits.
type Alert struct {
	About

	Kind     Kind      `json:"kind"`
	Severity Severity  `json:"severity"`
	Detail   string    `json:"detail"`
	At       time.Time `json:"at"`
	Logged   bool      `json:"logged,omitempty"`
}

// New is an alert as of now, with the severity that its kind has.
func New(about About, kind Kind, at time.Time, format string, args ...any) Alert {
	detail := fmt.Sprintf(format, args...)
	if len(detail) > detailLimit {
		detail = strings.ToValidUTF8(detail[:detailLimit], "") + "..."
	}
	return Alert{About: about, Kind: kind, Severity: lookup(kind).Severity, Detail: detail, At: at.UTC().Truncate(time.Millisecond)}
}

// As gives the alert another severity than its kind's.
func (a Alert) As(severity Severity) Alert {
	a.Severity = severity
	return a
}

// ID is the same whenever this alert is told, and no other's.
func (a Alert) ID() string {
	parts := []string{string(a.Kind), a.Record, a.Account, a.At.UTC().Format(time.RFC3339Nano), a.Detail}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

// log writes the alert as of its own time, not of when it came to be written.
func (a Alert) log(ctx context.Context, log *slog.Logger) {
	handler, level := log.Handler(), a.Severity.level()
	if !handler.Enabled(ctx, level) {
		return
	}
	line := slog.NewRecord(a.At, level, "alert", 0)
	line.AddAttrs(slog.String("kind", string(a.Kind)), slog.String("severity", string(a.Severity)))
	if a.Record != "" {
		line.AddAttrs(slog.String("record", a.Record))
	}
	if a.Account != "" {
		line.AddAttrs(slog.String("account", a.Account))
	}
	line.AddAttrs(slog.String("detail", a.Detail), slog.String("event_id", a.ID()))
	_ = handler.Handle(ctx, line) // as slog.Logger does: nobody is left to tell
}

// typePrefix begins the type of each event.
const typePrefix = "com.fc-sso.trust."

// Origin says from whom an event is, and for which bus.
type Origin struct {
	Source string // the bundle's origin
	Bus    string // of EventBridge; "": for no bus
}

// Event writes the alert as a CloudEvent 1.0 in JSON.
func (a Alert) Event(from Origin) ([]byte, error) {
	type data struct {
		About

		Kind     Kind     `json:"kind"`
		Severity Severity `json:"severity"`
		Detail   string   `json:"detail"`
		Advice   string   `json:"advice,omitempty"`
	}
	return json.Marshal(struct {
		SpecVersion string `json:"specversion"`
		ID          string `json:"id"`
		Source      string `json:"source"`
		Type        string `json:"type"`
		Subject     string `json:"subject"`
		Time        string `json:"time"`
		ContentType string `json:"datacontenttype"`
		Bus         string `json:"aliyuneventbusname,omitempty"`
		Data        data   `json:"data"`
	}{
		"1.0", a.ID(), from.Source, typePrefix + string(a.Kind), a.subject(), a.At.UTC().Format(time.RFC3339Nano),
		"application/json", from.Bus,
		data{a.About, a.Kind, a.Severity, a.Detail, lookup(a.Kind).Do},
	})
}
