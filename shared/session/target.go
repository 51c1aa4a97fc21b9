package session

import (
	"errors"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// ticketFor is how long a link that a sign-in was begun for opens without asking.
const ticketFor = 2 * time.Minute

const (
	maxTarget   = 2048
	ticketParam = "ticket"
)

// Target reads where a sign-in is to lead: "" or our own paths /, /go/… and that of a
// [Start], in the one spelling that is kept. Nothing else is ever led to.
func Target(to string) (string, error) {
	if to == "" || to == "/" {
		return "/", nil
	}
	u, err := url.Parse(to)
	switch {
	case err != nil || len(to) > maxTarget:
		return "", reason.New(reason.TargetNotAllowed, "the target is no address of at most %d bytes", maxTarget)
	case u.Scheme != "" || u.Opaque != "" || u.User != nil || u.Host != "" || u.Fragment != "":
		return "", reason.New(reason.TargetNotAllowed, "the target %q is not a path of ours", to)
	case strings.HasPrefix(u.Path, startAccounts):
		return startTarget(u)
	case !strings.HasPrefix(u.Path, "/go/") || path.Clean(u.Path) != u.Path || strings.Contains(u.Path, `\`):
		return "", reason.New(reason.TargetNotAllowed, "the target %q is neither /, nor below /go/, nor /idp/ACCOUNT/start", to)
	}
	return spell(u.Path, u.Query()), nil
}

func startTarget(u *url.URL) (string, error) {
	s, err := ParseStart(u)
	if err == nil && u.RawPath != "" {
		err = errors.New("the path has escapes")
	}
	if err != nil {
		return "", reason.New(reason.TargetNotAllowed, "the target %.200q: %w", u.Path, err)
	}
	path := s.Path()
	if len(path) > maxTarget {
		return "", reason.New(reason.TargetNotAllowed, "the target has %d bytes, at most %d", len(path), maxTarget)
	}
	return path, nil
}

// Ticketed adds to a target the proof that this session was begun for it.
func (s Session) Ticketed(target string) (string, error) {
	ticket, err := s.Token("open " + target)
	if err != nil {
		return "", err
	}
	separator := "?"
	if strings.Contains(target, "?") {
		separator = "&"
	}
	return target + separator + ticketParam + "=" + ticket, nil
}

// Opens says whether u carries the proof that s was begun just now for it.
func (s Session) Opens(u *url.URL, now time.Time) bool {
	query := u.Query()
	ticket := query.Get(ticketParam)
	query.Del(ticketParam)
	fresh := now.Sub(s.span.began) < ticketFor
	return fresh && s.CheckToken("open "+spell(u.Path, query), ticket) == nil
}

func spell(p string, query url.Values) string {
	u := url.URL{Path: p, RawQuery: query.Encode()}
	return u.RequestURI()
}
