package portal

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/session"
)

// What is kept of the roles that a person took: a role again after an hour, or another
// one; shown are a few. Nobody waits long for it.
const (
	rememberAgain = time.Hour
	rememberFor   = time.Second
	recentShown   = 5
)

// favourite makes a role one of the person's favourites, or none. The form says which, so
// that what is sent twice is done once.
func (p portal) favourite(r *http.Request) (respond.Outcome, error) {
	form, err := p.readForm(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	here, err := p.require(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	stale, err := here.own(r, purposeForm, form.Get("token"))
	if err != nil || stale {
		return here.keep(respond.SeeOther("/")), err
	}
	role, on, err := starred(form)
	if err != nil {
		return respond.Outcome{}, err
	}
	if err := p.star(r, here, role, on); err != nil {
		return respond.Outcome{}, err
	}
	return here.keep(respond.SeeOther("/" + page.RolePlace(role.String()))), nil
}

// starred reads what a star was pressed for.
func starred(form url.Values) (role ram.RoleARN, on bool, err error) {
	on = form.Has("on")
	if on == form.Has("off") {
		return ram.RoleARN{}, false, reason.New(reason.RequestMalformed, "on and off: one of them")
	}
	if role, err = ram.ParseRoleARN(form.Get("on") + form.Get("off")); err != nil {
		return ram.RoleARN{}, false, reason.New(reason.RequestMalformed, "role: %w", err)
	}
	return role, on, nil
}

// star keeps what the person has, or had when they marked it: of other roles nothing is
// kept. What they no longer want they need not have.
func (p portal) star(r *http.Request, here visit, role ram.RoleARN, on bool) error {
	s := here.session
	reading, err := p.Trust(r.Context())
	if err != nil {
		return err
	}
	rev, from, err := p.rules(r.Context(), reading, s)
	if err != nil {
		return err
	}
	known := s.Known()
	switch {
	case s.Person() == "":
		return reason.New(reason.PersonUnclear, "nothing is kept of who is nobody in particular")
	case !on:
		return p.People.Unfavour(r.Context(), from.ID, s.Person(), role)
	case isMarked(known.Favourites, role):
		return nil
	}
	if _, err := mapping.Take(rev, s.Identity(), p.circumstances(r, here), role); err != nil && reason.Of(err) != reason.StepUpNeeded {
		return err
	}
	return p.People.Favour(r.Context(), from.ID, s.Person(), known, session.Marked{Role: role, At: p.Now()})
}

func isMarked(marks []session.Marked, role ram.RoleARN) bool {
	return slices.ContainsFunc(marks, func(m session.Marked) bool { return m.Role == role })
}

// remember notes that a role was taken. It is a help, not a promise: a store that fails
// costs that, and not the role.
func (p portal) remember(r *http.Request, s session.Session, role ram.RoleARN) {
	known, now := s.Known(), p.Now()
	if s.Person() == "" || len(known.Recent) > 0 && known.Recent[0].Role == role && now.Sub(known.Recent[0].At) < rememberAgain {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), rememberFor)
	defer cancel()
	err := p.People.Remember(ctx, s.Identity().IdentityProvider(), s.Person(), known, session.Marked{Role: role, At: now})
	if err != nil {
		p.Log.WarnContext(r.Context(), "a role that was taken is not remembered", "error", err)
	}
}

// marks puts what is known of the person into their list: only roles that rules give at
// this moment, whatever was marked once.
func marks(list *page.Roles, known session.Known) {
	favourite, recent := places(known.Favourites), places(known.Recent)
	taken := make([]*page.Role, len(known.Recent))
	for i, account := range list.Accounts {
		for j := range account.Roles {
			role := &list.Accounts[i].Roles[j]
			if _, role.Favourite = favourite[role.ARN]; role.Favourite {
				list.Favourites = append(list.Favourites, *role)
			} else if place, ok := recent[role.ARN]; ok {
				taken[place] = role
			}
		}
	}
	for _, role := range taken {
		if role != nil && len(list.Recent) < recentShown {
			list.Recent = append(list.Recent, *role)
		}
	}
}

// places says where each role stands.
func places(marks []session.Marked) map[string]int {
	all := make(map[string]int, len(marks))
	for i, m := range marks {
		all[m.Role.String()] = i
	}
	return all
}
