package ram

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"unicode"
)

// Lengths of a RoleSessionName (STS 2015-04-01, AssumeRole).
const (
	minSessionName = 2
	maxSessionName = 64
	hashDigits     = 8
)

// CleanSessionName turns what an identity provider calls a person into a
// RoleSessionName: 2 to 64 of A-Z a-z 0-9 . @ _ and -.
//
// Every run of other characters becomes one "-", so that "ACME\ada" is seen in
// ActionTrail as "ACME-ada". The name is what an auditor finds a person by, so
// two people must not become one: where a letter or digit was lost ("张三"),
// where the name is too short or was cut, eight hexadecimal digits of the
// original's SHA-256 follow. They are the same at each sign-in. Only a name of
// nothing but blanks is refused.
func CleanSessionName(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", errors.New("the session name is empty")
	}
	name, lost := replaceIllegal(s)
	if !lost && len(name) >= minSessionName && len(name) <= maxSessionName {
		return name, nil
	}
	sum := sha256.Sum256([]byte(s))
	suffix := hex.EncodeToString(sum[:])[:hashDigits]
	name = strings.TrimRight(name[:min(len(name), maxSessionName-hashDigits-1)], "-")
	if name == "" {
		return "x-" + suffix, nil
	}
	return name + "-" + suffix, nil
}

// replaceIllegal also says whether a character was lost that tells people apart.
func replaceIllegal(s string) (name string, lost bool) {
	var b strings.Builder
	inRun := false
	for _, r := range s {
		if sessionCharacter(r) {
			b.WriteRune(r)
			inRun = false
			continue
		}
		if !inRun {
			b.WriteByte('-')
		}
		inRun = true
		lost = lost || r > unicode.MaxASCII && !unicode.IsSpace(r)
	}
	return b.String(), lost
}

func sessionCharacter(r rune) bool { return nameCharacter(r) || r == '@' }
