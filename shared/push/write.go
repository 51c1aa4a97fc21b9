package push

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"

	"github.com/fc-sso/fc-sso/shared/push/memory"
)

// write makes the calls in their order and reads each subject back after each; a call
// that failed ends those of its subject. Where nobody answers nothing more is asked.
// RAM writes whatever it is told last, so each subject is read before its first call too:
// one that somebody else changed meanwhile is left to the next run.
func (v visit) write(ctx context.Context, w Wanted, calls []Call, has *Has) map[string]error {
	failed, begun := map[string]error{}, map[string]bool{}
	for _, call := range calls {
		if failed[call.Subject] != nil {
			continue
		}
		if !begun[call.Subject] {
			begun[call.Subject] = true
			if err := v.unchanged(ctx, w, call.Subject, has); err != nil {
				failed[call.Subject] = err
				if unanswered(err) {
					break
				}
				continue
			}
		}
		err := v.ims(ctx, call.Action, call.Params, &struct{}{})
		if err == nil || unanswered(err) {
			v.Wrote(ctx, w, call, err)
		}
		unread := v.readBack(ctx, w, call.Subject, has)
		failed[call.Subject] = errors.Join(err, unread)
		if unanswered(unread) {
			break
		}
	}
	return failed
}

var errChanged = errors.New("it was changed meanwhile: the next run looks again")

// unchanged reads a subject again, and refuses one that is not as it was.
func (v visit) unchanged(ctx context.Context, w Wanted, subject string, has *Has) error {
	before := Has{maps.Clone(has.SAML), maps.Clone(has.OIDC), has.UserSSO, has.Roles}
	if err := v.readBack(ctx, w, subject, has); err != nil {
		return err
	}
	if !reflect.DeepEqual(before, *has) {
		return errChanged
	}
	return nil
}

func (v visit) readBack(ctx context.Context, w Wanted, subject string, has *Has) error {
	for _, p := range w.SAML {
		if p.ARN.String() == subject {
			return v.readSAML(ctx, p.ARN, *has)
		}
	}
	for _, p := range w.OIDC {
		if p.ARN.String() == subject {
			return v.readOIDC(ctx, p.ARN, *has)
		}
	}
	if subject == memory.UserSSO {
		return v.readUserSSO(ctx, has)
	}
	return fmt.Errorf("%s cannot be read back", subject)
}

// unwritten is the trouble with calls that were tried and are still to be made. What a
// call answered does not count where RAM was read to have what it wrote.
func (p Planned) unwritten(tried map[string]error) error {
	var trouble []error
	told := map[string]bool{}
	for _, call := range p.Calls {
		err, is := tried[call.Subject]
		if told[call.Subject] || !is {
			continue
		}
		told[call.Subject] = true
		if err == nil {
			err = errors.New("RAM took it and does not have it")
		}
		trouble = append(trouble, fmt.Errorf("%s: %s: %w", call.Subject, call.Words, err))
	}
	return errors.Join(trouble...)
}
