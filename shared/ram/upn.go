package ram

import (
	"errors"
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
	if err := checkUserName(name); err != nil {
		return UPN{}, fmt.Errorf("%.200q: %w", s, err)
	}
	if suffix == "" {
		return UPN{}, fmt.Errorf("%.200q: the suffix is no domain", s)
	}
	if bad, outside := firstOutside(suffix, suffixCharacter); outside {
		return UPN{}, fmt.Errorf("%.200q: the suffix is no domain, for it has %#U", s, bad)
	}
	return UPN{name, strings.ToLower(suffix)}, nil
}

// FoldUserName checks the name of a RAM user, without suffix, and returns it in small
// letters. People sign in as ada and as Ada alike, so to us both are one user: should
// RAM ever tell them apart, the second of them is refused, where otherwise two people
// could be one user. The check comes first: names are ASCII, and small letters are
// made of others too (the Kelvin sign gives k).
func FoldUserName(name string) (string, error) {
	if err := checkUserName(name); err != nil {
		return "", fmt.Errorf("%.200q: %w", name, err)
	}
	return strings.ToLower(name), nil
}

// checkUserName: that a name may begin with a dot is nowhere promised, and no person's
// does.
func checkUserName(name string) error {
	if name == "" || len(name) > maxUserName {
		return fmt.Errorf("the name has %d characters, not 1 to %d", len(name), maxUserName)
	}
	if strings.HasPrefix(name, ".") {
		return errors.New("the name begins with a dot")
	}
	if bad, outside := firstOutside(name, nameCharacter); outside {
		return fmt.Errorf("the name has %#U; letters, digits, . - and _ are allowed", bad)
	}
	return nil
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
