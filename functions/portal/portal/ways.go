package portal

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
)

// elsewhereError is a refusal that another sign-in may not meet.
type elsewhereError struct {
	error

	others []page.Option
}

func (e elsewhereError) Unwrap() error { return e.error }

// elsewhere adds to a refusal of who may not be a user of the account, or by whose identity
// provider nobody signs in any more, the other ways by which people are.
func (p portal) elsewhere(r *http.Request, here visit, start userStart, why error) error {
	notThis := []reason.Code{
		reason.UserNotGranted, reason.PrincipalInvalid, reason.PrincipalSuffix, reason.PrincipalTaken, reason.IdPUnknown, reason.IdPSuspended,
	}
	if !slices.Contains(notThis, reason.Of(why)) {
		return why
	}
	sources, err := waysIn(r.Context(), start.reading, start.Path())
	if err != nil || start.passive {
		return why
	}
	others := slices.DeleteFunc(sources, func(s federation.Listed) bool { return s.ID == here.session.Identity().IdentityProvider() })
	return elsewhereError{why, options(others, "", start.Path())}
}

// waysIn are the identity providers by which a target can be reached: all of them but
// for a user's console, whose account knows by whose rules people become its users.
func waysIn(ctx context.Context, reading Reading, target string) ([]federation.Listed, error) {
	all, err := reading.IdentityProviders(ctx)
	if err != nil {
		return nil, err
	}
	sources := slices.DeleteFunc(slices.Clone(all), func(s federation.Listed) bool { return !s.WayIn() })
	account, ok := startedAt(target)
	if !ok {
		return sources, nil
	}
	part, err := reading.Account(ctx, account)
	if err != nil {
		return nil, err
	}
	by, err := part.Users()
	if err != nil {
		return nil, err
	}
	sources = slices.DeleteFunc(sources, func(s federation.Listed) bool { return !slices.Contains(by, s.ID) })
	if len(sources) == 0 {
		return nil, reason.New(reason.UserNotGranted, "no rule makes anybody who can sign in a user of account %s", account)
	}
	return sources, nil
}

// startedAt is the account of a target that starts a sign-in as its user.
func startedAt(target string) (account string, ok bool) {
	u, err := url.Parse(target)
	if err != nil || !strings.HasPrefix(u.Path, "/idp/") {
		return "", false
	}
	start, err := session.ParseStart(u)
	return start.Account, err == nil
}

// accountCalled is an account's name for people.
func accountCalled(ctx context.Context, reading Reading, account string) (string, error) {
	part, err := reading.Account(ctx, account)
	return part.Account().Name(), err
}
