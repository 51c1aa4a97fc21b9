package mapping

import (
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
)

// Grant is permission to take one role once, now. Only Roles and Role make one;
// who gets a zero Grant refuses it.
type Grant struct {
	role        ram.RoleARN
	account     federation.Account
	sessionName string
	length      Length
	maximum     time.Duration // of the role, as it was last read; 0: not known
	policy      string
	rule        string
}

// Role is the role that may be taken.
func (g Grant) Role() ram.RoleARN { return g.role }

// Account is the role's account.
func (g Grant) Account() federation.Account { return g.account }

// SessionName is what ActionTrail calls the person.
func (g Grant) SessionName() string { return g.sessionName }

// Duration is how long the session lasts at most.
func (g Grant) Duration() time.Duration { return g.length.Lasts }

// Length is the same with what decided it.
func (g Grant) Length() Length { return g.length }

// Rule is the name of the rule that gave the role.
func (g Grant) Rule() string { return g.rule }

// SessionPolicy narrows what the session may do beneath what the role may; "" where
// the rule does not.
func (g Grant) SessionPolicy() string { return g.policy }

// IsWhole says that the grant is all that the role can give, so that nothing is lost
// where who holds a proof of it may ask for its length and its policy. A maximum that is
// not known may be longer than the grant.
func (g Grant) IsWhole() bool { return g.policy == "" && g.maximum > 0 && g.length.Lasts >= g.maximum }

// IsZero says that nothing was granted.
func (g Grant) IsZero() bool { return g.role.IsZero() || g.account.IsZero() || g.rule == "" }
