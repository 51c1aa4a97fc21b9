package portal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// How long the page waits for provisioning, how often it looks again and for how long.
const (
	callFor    = 5 * time.Second
	lookEvery  = 2 * time.Second
	longestTry = time.Minute
)

// door is what events from here say of where they came from.
const door = "portal"

// Making has provisioning make RAM users: the portal itself writes nothing in RAM. All
// are needed where a rule makes users.
type Making struct {
	Accept    func(ctx context.Context, events ...lifecycle.Event) error                         // keeps an event: inbox.Inbox
	Provision func(ctx context.Context, s lifecycle.Subject) error                               // has provisioning do what waits of a subject, and waits for it
	GivenUp   func(ctx context.Context, key string) (code reason.Code, detail string, err error) // why an event is a dead letter, "" where it is none
}

// userMade says whether the person's RAM user is there, and has it made where the rule says
// so and nobody has seen it. One sign-in is one event as long as the user is theirs,
// however often they come; provisioning decides by itself whether the rule still says so.
func (p portal) userMade(r *http.Request, from trust.Source, here visit, start userStart, grant mapping.UserGrant, owner Owner) (bool, error) {
	if !grant.Create() {
		return true, nil
	}
	ctx, account, user := r.Context(), grant.Account().ID().String(), grant.UPN().Name()
	made, err := p.People.IsMade(ctx, account, user, owner)
	if err != nil || made {
		return made, err
	}
	if p.Making.Accept == nil || p.Making.Provision == nil || p.Making.GivenUp == nil {
		return false, reason.New(reason.Internal, "the portal has nobody who makes users")
	}
	e, err := p.signInEvent(from, here.session.Identity(), grant, owner)
	if err != nil {
		return false, err
	}
	if start.waits.IsZero() {
		if err := p.Making.Accept(ctx, e); err != nil {
			return false, err
		}
	}
	p.provision(ctx, e.Subject())
	if made, err = p.People.IsMade(ctx, account, user, owner); err != nil {
		return false, err
	}
	if made {
		audit.Of(ctx).Making = "made"
		return true, nil
	}
	return false, p.requireHope(ctx, start, e.Key)
}

// provision is not in the way where it fails: the event waits, and is met again.
func (p portal) provision(ctx context.Context, s lifecycle.Subject) {
	soon, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	audit.Of(ctx).Making = "waiting"
	if err := p.Making.Provision(soon, s); err != nil {
		audit.Of(ctx).Making = "waiting: " + string(reason.Of(err)) + ": " + reason.Detail(err)
	}
}

// requireHope refuses what is not worth waiting for: the user will never be made, or took
// too long already, or the person must be shown nothing.
func (p portal) requireHope(ctx context.Context, start userStart, key string) error {
	code, detail, err := p.Making.GivenUp(ctx, key)
	switch {
	case err != nil:
		return err
	case code != "":
		return reason.New(code, "event %s was given up: %s", key, detail)
	case start.passive:
		return reason.New(reason.UserWaiting, "the request wants the person to be shown nothing (IsPassive), and their user is being made")
	case !start.waits.IsZero() && p.Now().Sub(start.waits) >= longestTry:
		return reason.New(reason.UserWaiting, "event %s waits since %s", key, start.waits.UTC().Format(time.RFC3339))
	}
	return nil
}

// signInEvent says that a RAM user is wanted. Its key is of whose the user is, and since
// when: who comes back after it was somebody else's, or gone, asks anew.
func (p portal) signInEvent(from trust.Source, who validate.Identity, grant mapping.UserGrant, owner Owner) (lifecycle.Event, error) {
	account := grant.Account().ID().String()
	about, err := json.Marshal([]string{
		door, owner.IdP, owner.Person, account, strings.ToLower(grant.UPN().String()), strconv.FormatInt(owner.Since.Unix(), 10),
	})
	if err != nil {
		return lifecycle.Event{}, fmt.Errorf("sign-in: %w", err)
	}
	sum := sha256.Sum256(about)
	key := hex.EncodeToString(sum[:])
	return lifecycle.Event{
		Key: key, From: door, Kind: lifecycle.KindSignIn, IdP: owner.IdP, Order: lifecycle.Order{At: p.Now(), Key: key},
		SignIn: &lifecycle.SignIn{
			Person: owner.Person, Account: account, User: grant.UPN().String(),
			DisplayName: only(from, who, "name"), Email: only(from, who, "email"),
		},
	}, nil
}

// only is the one value of an attribute that the record has an alias for, else "".
func only(from trust.Source, who validate.Identity, alias string) string {
	attribute, ok := from.Attributes[alias]
	if values := who.Attribute(attribute); ok && len(values) == 1 {
		return values[0]
	}
	return ""
}

// wait shows that it takes a moment. The page looks again by itself, by a header: without
// a script, and without what an address would carry to anybody else.
func (p portal) wait(r *http.Request, here visit, start userStart, grant mapping.UserGrant) (respond.Outcome, error) {
	since := start.waits
	if since.IsZero() {
		since = p.Now()
	}
	link := start.Path()
	separator := "?"
	if strings.Contains(link, "?") {
		separator = "&"
	}
	link += separator + url.Values{waitsParam: {strconv.FormatInt(since.Unix(), 10)}}.Encode()
	outcome, err := p.render(r, here, page.Making{
		Account: grant.Account().Alias(), AccountID: start.Account, User: grant.UPN().String(), Link: link,
	})
	seconds := strconv.Itoa(int(lookEvery / time.Second))
	return outcome.WithStatus(http.StatusAccepted).WithHeader("Refresh", seconds+"; url="+link), err
}

// readWaits is since when somebody waits. What is to come, or long over, is no waiting of
// ours: such an address begins anew.
func (p portal) readWaits(text string) time.Time {
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}
	}
	since := time.Unix(seconds, 0)
	if ago := p.Now().Sub(since); ago < -longestTry || ago > 10*longestTry {
		return time.Time{}
	}
	return since
}
