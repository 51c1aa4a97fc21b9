package alert

import "log/slog"

// Kind is what an alert is about, as machines read it.
type Kind string

// The kinds.
const (
	SourceFailing      Kind = "source_failing"
	SourceRecovered    Kind = "source_recovered"
	KeysHeld           Kind = "keys_held"
	KeysReplaced       Kind = "keys_replaced"
	CertificateExpires Kind = "certificate_expires"
	HTTPSExpires       Kind = "https_certificate_expires"
	OwnExpires         Kind = "own_certificate_expires"
)

// Severity is how soon somebody should look.
type Severity string

// The severities.
const (
	Info     Severity = "info"     // nothing is left to do
	Warning  Severity = "warning"  // nobody is locked out yet
	Critical Severity = "critical" // somebody is, or will be within the day
)

func (s Severity) level() slog.Level {
	switch s {
	case Critical:
		return slog.LevelError
	case Info:
		return slog.LevelInfo
	case Warning:
	}
	return slog.LevelWarn
}

// Row says what a kind means. README's table is made of them.
type Row struct {
	Kind     Kind
	Severity Severity
	When, Do string
}

// Table lists all kinds.
func Table() []Row {
	return []Row{
		{
			SourceFailing, Warning, "an identity provider's source was at fault three runs in a row; the keys that are known stay in use",
			"open the address yourself and read the detail; with a new address, change `federation.yaml`",
		},
		{SourceRecovered, Info, "it answers again", "nothing"},
		{
			KeysHeld, Critical, "all its keys were replaced at once, which `requireOverlap` holds; told again where the keys are others",
			"ask its administrator whether that is meant, then `ssoctl trust approve IDP DIGEST`",
		},
		{
			KeysReplaced, Warning, "all its keys were replaced at once, and taken from the address that the record names",
			"ask its administrator whether that was meant; if not, `suspended: true` stops everybody from there",
		},
		{
			CertificateExpires, Warning, "the last certificate that an identity provider publishes ends; one that another follows ends in silence",
			"have its administrator publish the next one",
		},
		{
			HTTPSExpires, Warning, "the certificate of a web server that an identity provider's keys come from ends; then no new key can be had",
			"tell its administrator",
		},
		{
			OwnExpires, Warning, "the certificate of the key of ours that signs ends, where `ssoctl keys` has written down our keys",
			"`ssoctl keys rotate`, early: the next key signs only when everybody has had its certificate for a day",
		},
	}
}

// lookup gives the kind's row. One that is in no table is still told.
func lookup(kind Kind) Row {
	for _, row := range Table() {
		if row.Kind == kind {
			return row
		}
	}
	return Row{Kind: kind, Severity: Warning}
}
