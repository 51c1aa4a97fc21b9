package signin

import (
	"context"

	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// People says who of an identity provider's people has left: store.Leavers.
type People interface {
	Left(ctx context.Context, idp, person string) (bool, error)
}

// RequireHere refuses who has left, whatever their identity provider still says of them.
// Whom nobody can tell from others has not: no event can have meant them. A store that
// does not answer is a refusal.
func RequireHere(ctx context.Context, people People, record trust.Record, who validate.Identity) error {
	if people == nil {
		return reason.New(reason.Internal, "who does not know people signs nobody in")
	}
	person, err := mapping.Person(record.Source(), who)
	switch {
	case reason.Of(err) == reason.PersonUnclear:
		return nil
	case err != nil:
		return err
	}
	left, err := people.Left(ctx, record.ID(), person)
	if err != nil {
		return err
	}
	if left {
		return reason.New(reason.PersonLeft, "%q of %q has left", person, record.ID())
	}
	return nil
}
