package mapping

import (
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// Wish is what who takes a role asks of the session, beneath what a rule gives. The
// zero value asks for nothing.
type Wish struct {
	name     string
	duration time.Duration
	policy   string
}

// ParseWish reads a wish; what is empty, or 0, is not asked for. It is judged before
// anything is decided, so that a slip of the pen costs nobody a token.
func ParseWish(name string, duration time.Duration, policy string) (w Wish, err error) {
	if name != "" {
		if w.name, err = ram.CleanSessionName(name); err != nil {
			return Wish{}, reason.New(reason.RequestMalformed, "session name: %w", err)
		}
	}
	if duration != 0 && duration < federation.MinDuration {
		return Wish{}, reason.New(reason.RequestMalformed, "a session of %s: STS makes none shorter than %s", duration, federation.MinDuration)
	}
	if policy != "" {
		if w.policy, err = federation.SessionPolicy(policy); err != nil {
			return Wish{}, reason.New(reason.RequestMalformed, "session policy: %w", err)
		}
	}
	w.duration = duration
	return w, nil
}

// Narrowed is the grant as wished, and never more than it was: the shorter of both
// durations, and a session policy where the rule has none.
//
// Why a second policy is refused and not joined: STS takes one, and what both allow
// cannot be written as one in general (two Allow with different conditions). To put
// the caller's in the place of the rule's would widen the grant.
func (g Grant) Narrowed(w Wish) (Grant, error) {
	if w.policy != "" && g.policy != "" {
		return Grant{}, reason.New(reason.NarrowingRefused, "rule %q has a session policy of its own, and STS takes one: ask without", g.rule)
	}
	if w.policy != "" {
		g.policy = w.policy
	}
	if w.name != "" {
		g.sessionName = w.name
	}
	if w.duration != 0 {
		g.length = g.length.within(w.duration, ByRequest)
	}
	return g, nil
}
