package push

import (
	"context"
	"errors"
	"fmt"

	"github.com/fc-sso/fc-sso/shared/push/memory"
)

// write makes the calls in their order and reads each subject back after each; a call
// that failed ends those of its subject. Where nobody answers nothing more is asked.
func (v visit) write(ctx context.Context, w Wanted, calls []Call, has *Has) map[string]error {
	failed := map[string]error{}
	for _, call := range calls {
		if failed[call.Subject] != nil {
			continue
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
