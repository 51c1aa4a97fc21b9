package mapping

import (
	"maps"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
)

// Near is a role that the person does not have, of a rule that discloses what they lack
// for it. How somebody must have signed in is not part of that: signing in again is
// theirs to do, once they have the rest.
type Near struct {
	Role    ram.RoleARN
	Account federation.Account
	Rule    string
	Lacks   []Lack // at least one
}

// Lack is one thing that a person lacks, told to them.
type Lack struct {
	Kind      LackKind
	Attribute string   // by its alias, where it has one
	Values    []string // of which one is wanted
	More      int      // of these that are not named
}

// LackKind says what is missing. A clause that is no plain choice is not told: what it
// compares with would be a riddle, and of a clause about who somebody is, another's name.
type LackKind string

// The kinds.
const (
	LacksValue   LackKind = "value"   // the attribute has none of these values
	LacksUnsent  LackKind = "unsent"  // the identity provider did not send the attribute, though there is one
	LacksNetwork LackKind = "network" // it holds elsewhere
	LacksTime    LackKind = "time"    // it holds at another time
	LacksOther   LackKind = "other"
)

// MostNear is how many roles a decision says to be near: nobody reads more.
const MostNear = 100

// mostWanted is how many values of a choice are told.
const mostWanted = 5

// missed is a rule that discloses, with what became of its condition.
type missed struct {
	rule       federation.Rule
	conditions []Condition
}

// miss notes a rule that tells what is missing. One whose time is over would tell of what
// nobody can have any more.
func (d *decision) miss(rule federation.Rule, e *Evaluation) {
	if rule.Discloses() && !e.Holds && !e.Audit && !rule.Over(d.at.Now) {
		d.missed = append(d.missed, missed{rule, e.Conditions})
	}
}

// nearlyHad are the roles of those rules that no other rule gives, each once: of several
// rules the first tells what it wants.
func (d *decision) nearlyHad(stepUps []StepUp) []Near {
	if len(d.missed) == 0 {
		return nil
	}
	seen := maps.Clone(d.taken)
	for _, s := range stepUps {
		seen[s.Role] = true
	}
	personal := federation.PersonalAttributes(d.source)
	var all []Near
	for _, m := range d.missed {
		for _, role := range m.rule.Roles() {
			account, ok := d.revision.Account(role.Account())
			if seen[role] || !ok || !federation.Grantable(role) {
				continue
			}
			if len(all) == MostNear {
				return all
			}
			seen[role] = true
			all = append(all, Near{role, account, m.rule.Name(), d.lacksOf(m.conditions, personal)})
		}
	}
	return all
}

// lacksOf tells each thing once, and nothing of who somebody is.
func (d *decision) lacksOf(conditions []Condition, personal map[string]bool) []Lack {
	var lacks []Lack
	for _, c := range conditions {
		if c.holds {
			continue
		}
		lack := Lack{Kind: LacksOther}
		if c.clause.Fact() != federation.Subject && !personal[c.clause.Attribute()] {
			lack = d.lackOf(c)
		}
		if !slices.ContainsFunc(lacks, lack.same) {
			lacks = append(lacks, lack)
		}
	}
	return lacks
}

func (l Lack) same(other Lack) bool {
	return l.Kind == other.Kind && l.Attribute == other.Attribute && slices.Equal(l.Values, other.Values)
}

func (d *decision) lackOf(c Condition) Lack {
	switch {
	case c.clause.Fact() == federation.SourceIP:
		return Lack{Kind: LacksNetwork}
	case c.clause.Fact() == federation.CurrentTime:
		return Lack{Kind: LacksTime}
	case c.fact.unknown:
		return Lack{Kind: LacksUnsent, Attribute: d.called(c.clause)}
	case !c.clause.OneOf():
		return Lack{Kind: LacksOther}
	}
	values := slices.Collect(c.clause.Values().All())
	if slices.ContainsFunc(values, isAddress) && c.clause.Attribute() != d.source.AttributeName("groups") {
		return Lack{Kind: LacksOther}
	}
	more := max(0, len(values)-mostWanted)
	return Lack{LacksValue, d.called(c.clause), values[:len(values)-more], more}
}

// isAddress says that a value is somebody's, of whatever attribute: a manager's, say. A
// group may have one too.
func isAddress(value string) bool { return strings.Contains(value, "@") }

// called is the attribute in the file's own words.
func (d *decision) called(clause federation.Clause) string {
	_, name, _ := strings.Cut(clause.Key(), ":")
	if _, ok := d.source.Attributes[name]; ok {
		return name
	}
	for _, alias := range slices.Sorted(maps.Keys(d.source.Attributes)) {
		if d.source.Attributes[alias] == clause.Attribute() {
			return alias
		}
	}
	return name
}
