package effect

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

const (
	sessionName = "fc-sso-provisioning" // what an account's audit trail calls us
	sessionTime = 15 * time.Minute      // the shortest
	spare       = time.Minute           // of a session that is used

	imsVersion = "2019-08-15"
	ramVersion = "2015-05-01"

	patience   = 3 // times more than the client itself tries
	firstPause = 200 * time.Millisecond
)

// stay is what the maintenance role of one account lets us do there.
type stay struct {
	*Effects

	account     federation.Account
	credentials ram.Credentials
	domain      string
}

// stays are those that were entered, by the role that they are of.
type stays struct {
	mu sync.Mutex
	of map[ram.RoleARN]*entry
}

type entry struct {
	mu          sync.Mutex
	credentials ram.Credentials
	domain      string
}

func newStays() *stays { return &stays{of: map[ram.RoleARN]*entry{}} }

func (s *stays) entry(role ram.RoleARN) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.of[role]
	if !ok {
		e = &entry{}
		s.of[role] = e
	}
	return e
}

// enter assumes the account's maintenance role, and asks what users there are called,
// once for all who come to the account.
func (e *Effects) enter(ctx context.Context, account federation.Account) (*stay, error) {
	at := e.stays.entry(account.MaintenanceRole())
	at.mu.Lock()
	defer at.mu.Unlock()
	s := &stay{e, account, at.credentials, at.domain}
	if e.Now().Add(spare).Before(at.credentials.Expiration) {
		return s, nil
	}
	if err := s.assume(ctx); err != nil {
		return nil, err
	}
	var answer struct{ DefaultDomainName string }
	if err := s.ims(ctx, "GetDefaultDomain", nil, &answer); err != nil {
		return nil, s.refusal(err)
	}
	if s.domain = answer.DefaultDomainName; s.domain == "" {
		return nil, s.refusal(errors.New("GetDefaultDomain: the answer names none"))
	}
	at.credentials, at.domain = s.credentials, s.domain
	return s, nil
}

// assume takes the maintenance role. Whose fault it is that it may not be taken the error
// says already.
func (s *stay) assume(ctx context.Context) error {
	own, err := s.Credentials(ctx)
	if err != nil {
		return err
	}
	err = again(ctx, func() error {
		s.credentials, err = s.API.AssumeRole(ctx, openapi.Assuming{
			Endpoint: s.STSEndpoint, Role: s.account.MaintenanceRole(), SessionName: sessionName, Lasts: sessionTime, Credentials: own,
		})
		return err
	})
	switch {
	case err == nil:
		return nil
	case unanswered(err):
		return reason.New(reason.RAMUnavailable, "account %s: %w", s.account.ID(), err)
	}
	return reason.New(reason.RAMDenied, "account %s: %w", s.account.ID(), err)
}

func (s *stay) ims(ctx context.Context, action string, params url.Values, out any) error {
	return s.call(ctx, openapi.Request{Endpoint: s.IMSEndpoint, Version: imsVersion, Action: action, Params: params, Credentials: s.credentials}, out)
}

func (s *stay) ram(ctx context.Context, action string, params url.Values, out any) error {
	return s.call(ctx, openapi.Request{Endpoint: s.RAMEndpoint, Version: ramVersion, Action: action, Params: params, Credentials: s.credentials}, out)
}

func (s *stay) call(ctx context.Context, q openapi.Request, out any) error {
	return again(ctx, func() error { return s.API.Call(ctx, q, out) })
}

// take makes calls until one is refused or not answered.
func (s *stay) take(ctx context.Context, steps []Step) error {
	for _, step := range steps {
		var err error
		var answer acknowledged
		switch {
		case step.Action == "":
		case step.older:
			err = s.ram(ctx, step.Action, step.Params, &answer)
		default:
			err = s.ims(ctx, step.Action, step.Params, &answer)
		}
		if err == nil && step.Action != "" {
			err = answer.check(step.Action)
		}
		s.Wrote(ctx, s.account.ID(), step, err)
		if err != nil {
			return err
		}
	}
	return nil
}

// acknowledged is an answer that says that something was done.
type acknowledged struct {
	RequestID string `json:"RequestId"`
}

// check refuses an answer that is none: an empty one says of a call that it was made, and
// of a list that it has nothing.
func (a acknowledged) check(action string) error {
	if a.RequestID == "" {
		return fmt.Errorf("%s: the answer has no request ID", action)
	}
	return nil
}

// again makes a call until it is answered, as long as there is time. What was asked too
// often is asked after pauses that grow; a share of each is random, or all who were
// refused together would come back together.
func again(ctx context.Context, call func() error) error {
	pause := firstPause
	for left := patience; ; left-- {
		err := call()
		if err == nil || !unanswered(err) || left == 0 || !wait(ctx, pause/2+rand.N(pause)) { //nolint:gosec // a pause is no secret
			return err
		}
		pause *= 2
	}
}

func wait(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
