package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
)

// Trace says how a decision came about. It holds what the identity provider said
// of a person: it is for that person and for the operator.
type Trace struct {
	Revision string       `json:"revision"`
	IdP      string       `json:"idp"`
	Note     string       `json:"note,omitempty"` // why no rule was read at all
	Rules    []Evaluation `json:"rules,omitempty"`
}

// Evaluation is what came of one rule.
type Evaluation struct {
	Rule       string      `json:"rule"`
	Audit      bool        `json:"audit,omitempty"` // held or not, it gives nothing
	Holds      bool        `json:"holds"`
	Conditions []Condition `json:"conditions,omitempty"`
	Roles      []string    `json:"roles,omitempty"`   // that it gives, or that an earlier rule gave already
	Dropped    []Dropped   `json:"dropped,omitempty"` // asserted roles that it does not believe
	Note       string      `json:"note,omitempty"`    // what was cut, or why it gives nothing
}

// Condition is one key of a rule's condition.
type Condition struct {
	Operator string   `json:"operator"`
	Key      string   `json:"key"`
	Name     string   `json:"name"` // exact name of the attribute
	Expected []string `json:"expected"`
	Received []string `json:"received,omitempty"`
	Holds    bool     `json:"holds"`
}

// Dropped is an asserted role that was not believed.
type Dropped struct {
	Value string `json:"value"`
	Why   string `json:"why"`
}

// why says in one line for the operator what stood between the person and the
// role.
func (t Trace) why(rev federation.Revision, role ram.RoleARN) string {
	if t.Note != "" {
		return t.Note
	}
	var lines []string
	rules := rev.RulesOf(t.IdP)
	for i, e := range t.Rules {
		if couldGive(rules[i], role) {
			lines = append(lines, e.lacks())
		}
	}
	if len(lines) == 0 {
		return fmt.Sprintf("no rule gives it to people of %s", t.IdP)
	}
	return strings.Join(lines, "; ")
}

func couldGive(rule federation.Rule, role ram.RoleARN) bool {
	asserted := rule.Asserted()
	return slices.Contains(rule.Roles(), role) || asserted.AllowsAccount(role.Account()) && asserted.AllowsName(role.Name())
}

func (e Evaluation) lacks() string {
	for _, c := range e.Conditions {
		if !c.Holds {
			return fmt.Sprintf("rule %q: %s is %q, one of %q is wanted", e.Rule, c.Key, c.Received, c.Expected)
		}
	}
	switch {
	case e.Audit:
		return fmt.Sprintf("rule %q only audits", e.Rule)
	case e.Note != "" && len(e.Roles) == 0:
		return fmt.Sprintf("rule %q: %s", e.Rule, e.Note)
	case len(e.Dropped) > 0:
		return fmt.Sprintf("rule %q dropped %q: %s", e.Rule, e.Dropped[0].Value, e.Dropped[0].Why)
	}
	return fmt.Sprintf("rule %q: the identity provider does not name the role", e.Rule)
}
