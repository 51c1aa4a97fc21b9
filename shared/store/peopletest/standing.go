package peopletest

import (
	"context"
	"errors"
	"time"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/store"
)

// Standing is that of store.People.
func (p *People) Standing(_ context.Context, idp, person string, left bool, order lifecycle.Order, now time.Time) error {
	if order.IsZero() {
		return errors.New("no event said so")
	}
	return p.change("standing", idp, person, func(there store.Known) store.Known {
		who := [2]string{idp, person}
		if !order.After(p.order[who]) {
			return there
		}
		if p.order == nil {
			p.order = map[[2]string]lifecycle.Order{}
		}
		p.order[who] = order
		if (left || there.Left) && there.ValidFrom.Before(now) {
			there.ValidFrom = now
		}
		there.Left = left
		return there
	})
}

// Left is that of store.People.
func (p *People) Left(_ context.Context, idp, person string) (bool, error) {
	var left bool
	err := p.change("left", idp, person, func(there store.Known) store.Known {
		left = there.Left
		return there
	})
	return left, err
}
