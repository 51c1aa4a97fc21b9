// Package audit writes what happened: the log of a function and one decision
// line per request.
//
// In: a request's ID and what the handler learned on its way (record, subject,
// grant, the SHA-256 of a message). Out: JSON lines in which everything that
// belongs to one request carries its ID, and a reference that a person can read
// out over the telephone. Never in it: messages, cookies, credentials; those are
// types that print as [redacted], or they are not handed over at all.
package audit

import (
	"context"
	"crypto/sha256"
	"io"
	"log/slog"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// Logger writes JSON lines to w. Lines logged with a request's context carry
// its request_id.
func Logger(w io.Writer) *slog.Logger {
	return slog.New(joined{slog.NewJSONHandler(w, nil)})
}

// joined adds the request's ID to each line.
type joined struct{ slog.Handler }

func (h joined) Handle(ctx context.Context, line slog.Record) error {
	if id := RequestID(ctx); id != "" {
		line.AddAttrs(slog.String("request_id", id))
	}
	return h.Handler.Handle(ctx, line)
}

func (h joined) WithAttrs(attrs []slog.Attr) slog.Handler { return joined{h.Handler.WithAttrs(attrs)} }

func (h joined) WithGroup(name string) slog.Handler { return joined{h.Handler.WithGroup(name)} }

// Decision is what a handler learns on its way. It fills in each field as soon
// as it knows it, so that a refusal says how far the request came.
type Decision struct {
	Record       string // ID of the identity provider
	Revision     string // of the federation that decided
	Issuer       string // who says so: entity ID or issuer URL
	Subject      string // whom it is about
	Grant        string // ARN of the role, or the RAM user, that was given
	Rule         string // name of the rule that made somebody a RAM user
	Length       string // how long it lasts, and what decided that
	Way          string // how it was given: the account's issue, or the response that went through the browser
	StepUp       string // name of the rule that another sign-in stands before
	AuditRules   string // names of the audit rules that would have given what was asked for
	Refresh      string // what came of asking for a newer key: done, or why not
	TokenSHA256  string // of the message or token that was judged, in hex
	AuthnRequest string // ID of Alibaba Cloud's request that is answered, or led on
	Token        string // what became of the ID token of a sign-in that STS may be shown: kept, or over already
	Making       string // what became of a RAM user that is to be made: made, or waiting and why
	Form         string // what was the matter with a form that was not done, and not refused
}

type requestKey struct{}

type request struct {
	id       string
	decision Decision
}

// Begin returns a context in which a request with this ID is under way.
func Begin(ctx context.Context, requestID string) context.Context {
	return context.WithValue(ctx, requestKey{}, &request{id: requestID})
}

// Begun says whether ctx belongs to a request.
func Begun(ctx context.Context) bool {
	_, ok := ctx.Value(requestKey{}).(*request)
	return ok
}

// RequestID returns the ID of the request under way, "" outside of one.
func RequestID(ctx context.Context) string {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r.id
	}
	return ""
}

// Of returns the decision of the request under way, to be filled in. Outside of
// a request it is one that nobody reads.
func Of(ctx context.Context) *Decision {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return &r.decision
	}
	return &Decision{}
}

// Reference is a request's ID as a person reads it out: 50 bits of its SHA-256
// in Crockford's base32, which has no I, L, O and U. The decision line has both.
func Reference(requestID string) string {
	const alphabet, length = "0123456789ABCDEFGHJKMNPQRSTVWXYZ", 10
	sum := sha256.Sum256([]byte(requestID))
	bits := uint64(0)
	for _, b := range sum[:8] {
		bits = bits<<8 | uint64(b)
	}
	var text [length]byte
	for i := range text {
		text[i] = alphabet[bits>>59]
		bits <<= 5
	}
	return string(text[:4]) + "-" + string(text[4:8]) + "-" + string(text[8:])
}

// Event is how a request ended.
type Event struct {
	Function string
	Status   int
	Err      error // nil: it went well
	Took     time.Duration
}

// Write writes the decision line of the request under way.
func Write(ctx context.Context, log *slog.Logger, e Event) {
	attrs := []slog.Attr{
		slog.String("outcome", "done"),
		slog.String("function", e.Function),
		slog.Int("status", e.Status),
		slog.Int64("took_ms", e.Took.Milliseconds()),
	}
	if e.Err != nil {
		attrs[0] = slog.String("outcome", "refused")
		attrs = append(attrs,
			slog.String("reason", string(reason.Of(e.Err))),
			slog.String("detail", reason.Detail(e.Err)),
			slog.String("reference", Reference(RequestID(ctx))))
	}
	log.LogAttrs(ctx, level(e), "decision", append(attrs, Of(ctx).attrs()...)...)
}

// level: what the person or the identity provider did is information, what a
// service did is a warning, what we did is an error.
func level(e Event) slog.Level {
	switch {
	case e.Err == nil:
		return slog.LevelInfo
	case reason.Of(e.Err) == reason.Internal:
		return slog.LevelError
	case reason.Lookup(reason.Of(e.Err)).Status >= 500:
		return slog.LevelWarn
	default:
		return slog.LevelInfo
	}
}

func (d Decision) attrs() []slog.Attr {
	var attrs []slog.Attr
	for _, f := range []struct{ key, value string }{
		{"record", d.Record},
		{"revision", d.Revision},
		{"issuer", d.Issuer},
		{"subject", d.Subject},
		{"grant", d.Grant},
		{"rule", d.Rule},
		{"length", d.Length},
		{"way", d.Way},
		{"step_up", d.StepUp},
		{"audit_rules", d.AuditRules},
		{"refresh", d.Refresh},
		{"making", d.Making},
		{"token_sha256", d.TokenSHA256},
		{"authn_request", d.AuthnRequest},
		{"token", d.Token},
		{"form", d.Form},
	} {
		if f.value != "" {
			attrs = append(attrs, slog.String(f.key, f.value))
		}
	}
	return attrs
}
