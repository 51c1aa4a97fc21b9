package portal

import (
	"context"
	"errors"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// Owner is a person as one identity provider names them: store.Owner.
type Owner = struct {
	IdP    string
	Person string
	Since  time.Time
}

// People is what is known of people beyond a sign-in: store.People. Claim makes an owner
// of a RAM user of who comes first, and says who it is.
type People interface {
	session.People

	Claim(ctx context.Context, account, user string, owner Owner) (Owner, error)
	IsMade(ctx context.Context, account, user string, owner Owner) (bool, error)
	Favour(ctx context.Context, idp, person string, seen session.Known, role session.Marked) error
	Unfavour(ctx context.Context, idp, person string, role ram.RoleARN) error
	Remember(ctx context.Context, idp, person string, seen session.Known, role session.Marked) error
}

// person is who somebody is beyond one sign-in. Of whom that is not clear nothing is
// known, and who comes by an identity provider that is gone is nobody: their session ends
// where rules are asked.
func (p portal) person(ctx context.Context, who validate.Identity) (string, error) {
	reading, err := p.Trust(ctx)
	if err != nil {
		return "", err
	}
	rev, err := reading.Part(ctx, who.IdentityProvider())
	if reason.Of(err) == reason.IdPUnknown {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	from, ok := rev.IdentityProvider(who.IdentityProvider())
	if !ok {
		return "", nil
	}
	person, err := mapping.Person(from, who)
	if reason.Of(err) == reason.PersonUnclear {
		return "", nil
	}
	return person, err
}

// rules are those that decide for who is signed in, with their identity provider. Where
// that is suspended, or gone, the session ends: all that it could do is to be refused, on
// each page, for hours.
func (p portal) rules(ctx context.Context, reading Reading, s session.Session) (federation.Revision, trust.Source, error) {
	rev, from, err := rules(ctx, reading, s.Identity())
	if code := reason.Of(err); code == reason.IdPUnknown || code == reason.IdPSuspended {
		return federation.Revision{}, trust.Source{}, errors.Join(err, p.keeper.End(ctx, s))
	}
	return rev, from, err
}
