package mapping

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// Trace says how a decision came about. It holds what the identity provider said
// of a person: it is for that person and for the operator.
type Trace struct {
	Revision string       `json:"revision"`
	IdP      string       `json:"idp"`
	Note     string       `json:"note,omitempty"`   // why no rule was read at all
	Groups   string       `json:"groups,omitempty"` // why the identity provider did not send the person's groups
	Rules    []Evaluation `json:"rules,omitempty"`

	untold int // rules that a refusal only counts
}

// Evaluation is what came of one rule.
type Evaluation struct {
	Rule       string      `json:"rule"`
	Audit      bool        `json:"audit,omitempty"` // held or not, it gives nothing
	Holds      bool        `json:"holds"`
	Conditions []Condition `json:"conditions,omitempty"`
	Lacks      string      `json:"lacks,omitempty"`   // what the sign-in must have for it to give something
	Roles      []string    `json:"roles,omitempty"`   // that it gives or would give: unless it audits, lacks, or an earlier rule gave them
	User       string      `json:"user,omitempty"`    // likewise
	Dropped    []Dropped   `json:"dropped,omitempty"` // asserted roles that it does not believe
	Note       string      `json:"note,omitempty"`    // what was cut, or why it gives nothing

	code reason.Code // of a user that the rule would give, were it not for the name
}

// Condition is what came of one key of a rule's condition.
type Condition struct {
	clause federation.Clause
	fact   *fact
	holds  bool
}

// Holds says whether it held.
func (c Condition) Holds() bool { return c.holds }

// Key is the key as the file has it.
func (c Condition) Key() string { return c.clause.Key() }

// Received are the values that came.
func (c Condition) Received() federation.Values { return c.fact.values }

// MarshalJSON writes what was compared, and how.
func (c Condition) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Operator string            `json:"operator"`
		Key      string            `json:"key"`
		Name     string            `json:"name,omitempty"` // exact name of the attribute
		Expected federation.Values `json:"expected"`
		Received federation.Values `json:"received,omitzero"`
		Unknown  bool              `json:"unknown,omitempty"` // the values exist and were not sent
		Holds    bool              `json:"holds"`
	}{c.clause.Operator(), c.clause.Key(), c.clause.Attribute(), c.clause.Values(), c.fact.values, c.fact.unknown, c.holds})
}

// lacks says what came and what was wanted instead.
func (c Condition) lacks() string {
	came := "has 0 values"
	switch {
	case c.fact.unknown:
		came = "is unknown"
	case !c.fact.values.IsZero():
		came = "is " + c.fact.values.String()
	}
	return fmt.Sprintf("%s %s, %s", c.clause.Key(), came, c.clause.Wanted())
}

// Dropped is an asserted role that was not believed.
type Dropped struct {
	Value string `json:"value"`
	Why   string `json:"why"`
}

// Auditors are the names of the audit rules that would give something.
func (t Trace) Auditors() []string {
	var names []string
	for _, e := range t.Rules {
		if e.audits() && (len(e.Roles) > 0 || e.User != "") {
			names = append(names, e.Rule)
		}
	}
	return names
}

// audits says that only its mode keeps the rule from giving what it names.
func (e Evaluation) audits() bool { return e.Audit && e.Holds && e.Lacks == "" }

// short is the trace as a refusal tells it.
func (t Trace) short() Trace {
	if len(t.Rules) > mostTold {
		t.untold, t.Rules = len(t.Rules)-mostTold, t.Rules[:mostTold]
	}
	return t
}

// why says in one line for the operator what stood between the person and a role, or
// a user, of which the trace holds the rules that could give it.
func (t Trace) why() string {
	if t.Note != "" {
		return t.Note
	}
	var lines []string
	if t.Groups != "" {
		lines = append(lines, t.Groups)
	}
	for _, e := range t.Rules {
		lines = append(lines, e.lacks())
	}
	switch {
	case t.untold > 0:
		lines = append(lines, fmt.Sprintf("and %d more rules that could give it", t.untold))
	case len(t.Rules) == 0:
		lines = append(lines, fmt.Sprintf("no rule gives it to people of %s", t.IdP))
	}
	return strings.Join(lines, "; ")
}

func (e Evaluation) lacks() string {
	for _, c := range e.Conditions {
		if !c.holds {
			return fmt.Sprintf("rule %q: %s", e.Rule, c.lacks())
		}
	}
	switch {
	case e.Audit:
		return fmt.Sprintf("rule %q only audits", e.Rule)
	case e.Lacks != "":
		return fmt.Sprintf("rule %q: %s", e.Rule, e.Lacks)
	case e.Note != "" && len(e.Roles) == 0:
		return fmt.Sprintf("rule %q: %s", e.Rule, e.Note)
	case len(e.Dropped) > 0:
		return fmt.Sprintf("rule %q dropped %q: %s", e.Rule, e.Dropped[0].Value, e.Dropped[0].Why)
	}
	return fmt.Sprintf("rule %q: the identity provider does not name the role", e.Rule)
}
