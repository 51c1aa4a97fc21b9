package effect

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

const (
	mark    = "fc-sso"                                   // the comment of what was made here begins so
	comment = mark + ": made by provisioning, on events" // of users, groups and policies

	maxDisplayName = 24 // characters, to IMS
	maxGroupName   = 64
	maxEmail       = 128
)

// ours says by its comment that something was made here.
func ours(comment string) bool { return strings.HasPrefix(comment, mark) }

// markOf begins the comment of a group that an identity provider's events may fill.
func markOf(idp string) string { return mark + " " + idp }

func commentOf(idp string) string { return markOf(idp) + ": made by provisioning, on events" }

// fills says by its comment that a group was made for an identity provider, or handed over
// to it, or to several, by who writes comments in RAM.
func fills(idp, comment string) bool {
	who, _, _ := strings.Cut(comment, ":")
	words := strings.Fields(who)
	return len(words) > 1 && words[0] == mark && slices.Contains(words[1:], idp)
}

// displayName is what a person is called as far as RAM holds it, else the user's name.
func displayName(w Wanted) string {
	for _, name := range []string{w.DisplayName, w.Name} {
		if name = shortened(name, maxDisplayName); name != "" {
			return name
		}
	}
	return w.Name
}

// shortened cuts between characters: no letter loses its accent, and nothing invisible
// stays.
func shortened(text string, most int) string {
	text = strings.Join(strings.Fields(strings.Map(visible, strings.ToValidUTF8(text, ""))), " ")
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	runes := []rune(text)
	for most > 0 && (joins(runes[most]) || runes[most-1] == zeroWidthJoiner) {
		most--
	}
	return strings.TrimSpace(string(runes[:most]))
}

func visible(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r) && r != zeroWidthJoiner, unicode.Is(unicode.Co, r):
		return -1
	}
	return r
}

const zeroWidthJoiner = '\u200d'

// joins says that a rune belongs to the one before it.
func joins(r rune) bool { return unicode.Is(unicode.M, r) || r == zeroWidthJoiner }

// emailOf is an address that RAM takes, or none: only the Chinese site has any, and a user
// is not refused for want of one.
func emailOf(w Wanted) string {
	name, domain, found := strings.Cut(w.Email, "@")
	plain := func(s string) bool {
		return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > unicode.MaxASCII || r == '@' || r == 0x7f })
	}
	dot := strings.LastIndex(domain, ".")
	if !found || !plain(name) || !plain(domain) || dot < 1 || dot == len(domain)-1 || len(w.Email) > maxEmail || w.Account.Site() != federation.China {
		return ""
	}
	return w.Email
}

// checkUser refuses what RAM cannot hold before it is asked.
func checkUser(w Wanted) error {
	if w.Status != lifecycle.Active && w.Status != lifecycle.Inactive && w.Status != lifecycle.Gone {
		return reason.New(reason.Internal, "there is no status %q of a RAM user", w.Status)
	}
	for _, name := range []string{w.Name, w.Formerly} {
		if _, err := ram.FoldUserName(name); err != nil && (name == w.Name || name != "") {
			return reason.New(reason.PrincipalInvalid, "account %s: %w", w.Account.ID(), err)
		}
	}
	return nil
}
