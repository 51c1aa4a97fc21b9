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

	PushFailing          Kind = "push_failing"
	PushRecovered        Kind = "push_recovered"
	ProviderMissing      Kind = "provider_missing"
	ProviderForeign      Kind = "provider_foreign"
	MetadataOlder        Kind = "metadata_older"
	CertificateUnknown   Kind = "certificate_unknown"
	FingerprintUnknown   Kind = "fingerprint_unknown"
	ClientIDUnknown      Kind = "client_id_unknown"
	RoleTrustsAnySubject Kind = "role_trusts_any_subject"
	UserSSODisabled      Kind = "sso_disabled"
	DriftGone            Kind = "drift_gone"
	ChainWithoutRoot     Kind = "chain_without_root"
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
func Table() []Row { return append(ofRecords(), ofAccounts()...) }

func ofRecords() []Row {
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
		{
			ChainWithoutRoot, Info, "the web server of an issuer sends no root certificate, and RAM pins the last one that it sends: an intermediate, which the authority replaces without a word",
			"ask its administrator to have the root sent along, or expect refusals by RAM until the next run of the timer has told it",
		},
	}
}

func ofAccounts() []Row {
	return []Row{
		{
			PushFailing, Critical, "an account's RAM could not be read or written three runs in a row: it keeps what it has, until that ends",
			"read the detail; most often the maintenance role is gone, trusts `metadata-rotation` no more or lacks a right",
		},
		{PushRecovered, Info, "it can be read and written again", "nothing"},
		{
			ProviderMissing, Critical, "RAM lacks an identity provider that `federation.yaml` names",
			"make it there, or let it be made with `manage: {create: true}`",
		},
		{
			ProviderForeign, Critical, "under its name RAM has another entity ID or issuer; it is never written over",
			"find out who put it there; then correct the ARN in `federation.yaml`, or delete the provider in RAM",
		},
		{
			MetadataOlder, Critical, "RAM lacks a certificate, fingerprint or client ID, and cannot be given it: there is no room, or RAM does not take such a one",
			"remove in RAM what nobody needs; `manage: {repair: true}` has that done",
		},
		{
			CertificateUnknown, Warning, "RAM believes a certificate that the identity provider never published here",
			"if nobody needs it, remove it in RAM; `manage: {repair: true}` has that done",
		},
		{FingerprintUnknown, Warning, "RAM believes a fingerprint that no server of the issuer was seen with", "likewise"},
		{ClientIDUnknown, Warning, "RAM believes tokens for a client ID that is no audience of a record", "add it to the record's `audiences`, or likewise"},
		{
			RoleTrustsAnySubject, Critical, "the trust policy of a role lets in whoever an issuer vouches for; GitHub does for everybody's workflows",
			"add a condition on `oidc:sub` to it",
		},
		{UserSSODisabled, Warning, "user-based SSO is declared for an account, and switched off there", "switch it on in RAM, or remove `userSSO`"},
		{DriftGone, Info, "one of these is over", "nothing"},
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
