package ram

import (
	"fmt"
	"strings"
)

const maxUserName = 64

// UPN is the name by which a RAM user signs in: NAME@SUFFIX.
type UPN struct{ name, suffix string }

// ParseUPN reads a login name. RAM tells no case apart in a suffix, so it is kept
// in small letters; the name is kept as it is written.
func ParseUPN(s string) (UPN, error) {
	name, suffix, found := strings.Cut(s, "@")
	if !found {
		return UPN{}, fmt.Errorf("%.200q is not of the form NAME@SUFFIX", s)
	}
	if name == "" || len(name) > maxUserName {
		return UPN{}, fmt.Errorf("%.200q: the name has %d characters, not 1 to %d", s, len(name), maxUserName)
	}
	if bad, outside := firstOutside(name, nameCharacter); outside {
		return UPN{}, fmt.Errorf("%.200q: the name has %q; letters, digits, . - and _ are allowed", s, bad)
	}
	if bad, outside := firstOutside(suffix, suffixCharacter); outside || suffix == "" {
		return UPN{}, fmt.Errorf("%.200q: the suffix is no domain (%q)", s, bad)
	}
	return UPN{name, strings.ToLower(suffix)}, nil
}

// Name is what stands before the @.
func (u UPN) Name() string { return u.name }

// Suffix is the login suffix, in small letters.
func (u UPN) Suffix() string { return u.suffix }

// IsZero says that u names nobody.
func (u UPN) IsZero() bool { return u.name == "" }

func (u UPN) String() string {
	if u.IsZero() {
		return ""
	}
	return u.name + "@" + u.suffix
}

func suffixCharacter(r rune) bool { return letter(r) || digit(r) || r == '.' || r == '-' }
