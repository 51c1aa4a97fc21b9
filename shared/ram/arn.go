// Package ram holds the names of Alibaba Cloud's Resource Access Management as
// parsed values: account IDs, the ARNs of roles and identity providers,
// session names, and credentials.
//
// In: text from a federation file, an assertion or an answer of STS. Out: values
// that are well formed because of their type; their zero values name nothing.
// Refused: whatever RAM itself could not hold, with the offending part named.
// Nothing here decides anything, and secrets print as [redacted].
package ram

import (
	"fmt"
	"strings"
)

// Lengths of names, from the API reference of RAM and IMS.
const (
	maxRoleName     = 64
	maxProviderName = 128
	minAccountID    = 5
	maxAccountID    = 32
)

// AccountID is the number of an Alibaba Cloud account, kept as the text that it
// is: it has leading zeros and lengths that arithmetic would lose.
type AccountID struct{ digits string }

// ParseAccountID reads an account ID. Today's have 16 digits; old ones are
// shorter and no document promises a length, so 5 to 32 digits pass.
func ParseAccountID(s string) (AccountID, error) {
	if len(s) < minAccountID || len(s) > maxAccountID {
		return AccountID{}, fmt.Errorf("account ID %.40q has %d characters, not %d to %d digits", s, len(s), minAccountID, maxAccountID)
	}
	if bad, found := firstOutside(s, digit); found {
		return AccountID{}, fmt.Errorf("account ID %q has %q, which is no digit", s, bad)
	}
	return AccountID{s}, nil
}

func (a AccountID) String() string { return a.digits }

// IsZero says that a names no account.
func (a AccountID) IsZero() bool { return a.digits == "" }

// MarshalText gives the digits.
func (a AccountID) MarshalText() ([]byte, error) { return []byte(a.digits), nil }

// UnmarshalText is [ParseAccountID].
func (a *AccountID) UnmarshalText(text []byte) (err error) {
	*a, err = ParseAccountID(string(text))
	return err
}

// RoleARN names one RAM role: acs:ram::ACCOUNT:role/NAME.
type RoleARN struct {
	account AccountID
	name    string
}

// ParseRoleARN reads the ARN of a RAM role. No blanks, no wildcards: an ARN that
// is trimmed or expanded somewhere is done so before it comes here.
func ParseRoleARN(s string) (RoleARN, error) {
	account, name, err := parseARN(s, "role", maxRoleName)
	if err != nil {
		return RoleARN{}, err
	}
	return RoleARN{account, name}, nil
}

// Account is the account that owns the role.
func (r RoleARN) Account() AccountID { return r.account }

// Name is the role's name, in the case in which it was written.
func (r RoleARN) Name() string { return r.name }

// IsZero says that r names no role.
func (r RoleARN) IsZero() bool { return r.name == "" }

func (r RoleARN) String() string { return formatARN(r.account, "role", r.name) }

// MarshalText gives the ARN.
func (r RoleARN) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText is [ParseRoleARN].
func (r *RoleARN) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRoleARN(string(text))
	return err
}

// SAMLProviderARN names one SAML identity provider as RAM knows it:
// acs:ram::ACCOUNT:saml-provider/NAME.
type SAMLProviderARN struct {
	account AccountID
	name    string
}

// ParseSAMLProviderARN reads the ARN of a SAML provider.
func ParseSAMLProviderARN(s string) (SAMLProviderARN, error) {
	account, name, err := parseProvider(s, "saml-provider")
	if err != nil {
		return SAMLProviderARN{}, err
	}
	return SAMLProviderARN{account, name}, nil
}

// Account is the account that owns the provider.
func (p SAMLProviderARN) Account() AccountID { return p.account }

// Name is the provider's name; RAM tells its case apart.
func (p SAMLProviderARN) Name() string { return p.name }

// IsZero says that p names no provider.
func (p SAMLProviderARN) IsZero() bool { return p.name == "" }

func (p SAMLProviderARN) String() string { return formatARN(p.account, "saml-provider", p.name) }

// MarshalText gives the ARN.
func (p SAMLProviderARN) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is [ParseSAMLProviderARN].
func (p *SAMLProviderARN) UnmarshalText(text []byte) (err error) {
	*p, err = ParseSAMLProviderARN(string(text))
	return err
}

// OIDCProviderARN names one OIDC identity provider as RAM knows it:
// acs:ram::ACCOUNT:oidc-provider/NAME.
type OIDCProviderARN struct {
	account AccountID
	name    string
}

// ParseOIDCProviderARN reads the ARN of an OIDC provider.
func ParseOIDCProviderARN(s string) (OIDCProviderARN, error) {
	account, name, err := parseProvider(s, "oidc-provider")
	if err != nil {
		return OIDCProviderARN{}, err
	}
	return OIDCProviderARN{account, name}, nil
}

// Account is the account that owns the provider.
func (p OIDCProviderARN) Account() AccountID { return p.account }

// Name is the provider's name; RAM tells its case apart.
func (p OIDCProviderARN) Name() string { return p.name }

// IsZero says that p names no provider.
func (p OIDCProviderARN) IsZero() bool { return p.name == "" }

func (p OIDCProviderARN) String() string { return formatARN(p.account, "oidc-provider", p.name) }

// MarshalText gives the ARN.
func (p OIDCProviderARN) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is [ParseOIDCProviderARN].
func (p *OIDCProviderARN) UnmarshalText(text []byte) (err error) {
	*p, err = ParseOIDCProviderARN(string(text))
	return err
}

// parseProvider reads a name that IMS takes, CreateSAMLProvider and
// CreateOIDCProvider alike.
func parseProvider(s, kind string) (AccountID, string, error) {
	account, name, err := parseARN(s, kind, maxProviderName)
	if err == nil && strings.Trim(name, ".-_") != name {
		return AccountID{}, "", fmt.Errorf("%q: the name of a provider neither begins nor ends with . - or _", s)
	}
	return account, name, err
}

func formatARN(account AccountID, kind, name string) string {
	if name == "" {
		return ""
	}
	return "acs:ram::" + account.digits + ":" + kind + "/" + name
}

func parseARN(s, kind string, maxName int) (AccountID, string, error) {
	form := "acs:ram::ACCOUNT:" + kind + "/NAME"
	rest, ok := strings.CutPrefix(s, "acs:ram::")
	if !ok {
		return AccountID{}, "", fmt.Errorf("%.200q is not of the form %s", s, form)
	}
	digits, resource, _ := strings.Cut(rest, ":")
	name, ok := strings.CutPrefix(resource, kind+"/")
	if !ok {
		return AccountID{}, "", fmt.Errorf("%.200q is not of the form %s", s, form)
	}
	account, err := ParseAccountID(digits)
	if err != nil {
		return AccountID{}, "", fmt.Errorf("%.200q: %w", s, err)
	}
	if name == "" || len(name) > maxName {
		return AccountID{}, "", fmt.Errorf("%.200q: the name has %d characters, not 1 to %d", s, len(name), maxName)
	}
	if bad, found := firstOutside(name, nameCharacter); found {
		return AccountID{}, "", fmt.Errorf("%q: the name has %q; letters, digits, . - and _ are allowed", s, bad)
	}
	return account, name, nil
}

func digit(r rune) bool { return '0' <= r && r <= '9' }

func letter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

func nameCharacter(r rune) bool { return letter(r) || digit(r) || r == '.' || r == '-' || r == '_' }

// firstOutside returns the first rune of s that is not in the set.
func firstOutside(s string, set func(rune) bool) (rune, bool) {
	for _, r := range s {
		if !set(r) {
			return r, true
		}
	}
	return 0, false
}
