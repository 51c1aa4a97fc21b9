package federation

import (
	"slices"

	"github.com/fc-sso/fc-sso/shared/trust"
)

// Draft is a federation as written: plain text that nobody has judged yet. Its
// parts are also what is stored, one row each.
type Draft struct {
	IdentityProviders []trust.Source
	Accounts          []AccountDraft
	Rules             []RuleDraft
}

// AccountDraft is one entry of accounts.
type AccountDraft struct {
	ID                string            `json:"id"`
	Alias             string            `json:"alias,omitempty"`
	Site              string            `json:"site,omitempty"`
	Issue             string            `json:"issue,omitempty"`
	MaintenanceRole   string            `json:"maintenanceRole,omitempty"` // ARN of the role that keeps the account's RAM up to date
	SAMLProviders     map[string]string `json:"samlProviders,omitempty"`   // id of the identity provider: ARN in RAM
	OIDCProviders     map[string]string `json:"oidcProviders,omitempty"`   // likewise
	FederatedProvider string            `json:"federatedProvider,omitempty"`
	UserSSO           *UserSSO          `json:"userSSO,omitempty"`
	Manage            Manage            `json:"manage,omitzero"`
}

// UserSSO says how user-based SSO of an account is set up: people become RAM
// users of the same name.
type UserSSO struct {
	Suffixes   []string `json:"suffixes"`   // login suffixes, which RAM calls domains
	WithDomain bool     `json:"withDomain"` // RAM's SsoLoginWithDomain: the NameID is user@suffix
}

func (u *UserSSO) clone() *UserSSO {
	if u == nil {
		return nil
	}
	return &UserSSO{slices.Clone(u.Suffixes), u.WithDomain}
}

// Manage says what may be written into an account's RAM.
type Manage struct {
	Create bool `json:"create,omitempty"` // identity providers that RAM does not have
	Repair bool `json:"repair,omitempty"` // what somebody changed by hand
	Users  bool `json:"users,omitempty"`  // RAM users of people
	Groups bool `json:"groups,omitempty"` // and groups of theirs
	Delete bool `json:"delete,omitempty"` // users of people who are gone, instead of disabling them
	Deny   bool `json:"deny,omitempty"`   // all actions to users who are disabled: tokens issued before live on
}

// RuleDraft is one entry of rules.
type RuleDraft struct {
	Name          string          `json:"name"`
	IdP           string          `json:"idp"`
	Roles         []string        `json:"roles,omitempty"`
	AssertedRoles *AssertedDraft  `json:"assertedRoles,omitempty"`
	User          *UserDraft      `json:"user,omitempty"`
	Condition     *ConditionDraft `json:"condition"`
	Session       SessionDraft    `json:"session,omitzero"`
	Requires      *RequiresDraft  `json:"requires,omitempty"`
	Mode          string          `json:"mode,omitempty"`
	Disclose      bool            `json:"disclose,omitempty"` // rows from before that was so lack it: nobody was told
}

// AssertedDraft says which of the roles that the identity provider itself names
// are believed.
type AssertedDraft struct {
	Accounts []string `json:"accounts"`
	Roles    []string `json:"roles"` // names; * stands for any run of characters
}

// UserDraft says which RAM user a person becomes.
type UserDraft struct {
	Account   string   `json:"account"`
	Principal string   `json:"principal"` // template of NAME@SUFFIX
	Domains   []string `json:"domains"`   // the suffixes that may come of it
	Create    bool     `json:"create,omitempty"`
}

// RequiresDraft says how a person must have signed in.
type RequiresDraft struct {
	ACR           []string `json:"acr,omitempty"`
	MaxAgeSeconds int      `json:"maxAgeSeconds,omitempty"`
}

// ConditionDraft is the word any, or operators with their keys and values.
type ConditionDraft struct {
	Any       bool                           `json:"any,omitempty"`
	Operators map[string]map[string][]string `json:"operators,omitempty"`
}

// SessionDraft says what a session of the rule is like.
type SessionDraft struct {
	Name            string `json:"name,omitempty"` // template
	DurationSeconds int    `json:"durationSeconds,omitempty"`
	Policy          string `json:"policy,omitempty"` // content of the policy file
}

// Problem is one thing that is wrong with a draft. Path says where, in the words
// of federation.yaml: rules[2].session.name.
type Problem struct {
	Path  string
	Cause string
	Fix   string
}
