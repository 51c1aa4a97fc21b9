package federation

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
)

// hours is when the rule's clauses that say before or at when last hold. Equality
// and negation are left out: nobody writes a rule for one second.
func (r Rule) hours() (end time.Time, by Clause) {
	for _, c := range r.clauses {
		if c.fact != CurrentTime || c.operator.negated || c.operator.relation != less && c.operator.relation != lessOrEqual {
			continue
		}
		if latest := c.latest(); by.clause == nil || latest.Before(end) {
			end, by = latest, c
		}
	}
	return end, by
}

// Over says that the rule has held for the last time.
func (r Rule) Over(now time.Time) bool {
	end, by := r.hours()
	return by.clause != nil && end.Before(now.Truncate(time.Second))
}

// latest is the last of the clause's times, of which any is enough.
func (c Clause) latest() time.Time {
	var times []time.Time
	for text := range c.values.All() {
		at, _ := readDate(text)
		times = append(times, at)
	}
	return slices.MaxFunc(times, time.Time.Compare)
}

func (l *linter) expired() {
	for i, rule := range l.rules {
		if end, by := rule.hours(); rule.Over(l.Now) {
			l.find(by.path(i), fmt.Sprintf("rule %q has held for the last time on %s", rule.name, end.UTC().Format(time.RFC3339)), "remove the rule, or give it more time")
		}
	}
}

// shadowed finds rules that an earlier one of the same identity provider makes
// idle. It says so only where it is sure: the earlier one holds wherever this one
// does, gives all of its roles, and can fail by nothing that this one would not
// fail by too.
func (l *linter) shadowed() {
	type place struct {
		idp  string
		role ram.RoleARN
	}
	earlier := map[place][]int{}
	for i, rule := range l.rules {
		if rule.audit || len(rule.roles) == 0 {
			continue
		}
		for _, j := range earlier[place{rule.idp, rule.roles[0]}] {
			if l.rules[j].covers(rule) {
				l.find(rulePath(i), fmt.Sprintf("rule %q decides nothing: rule %q stands before it, holds wherever it does and gives all of its roles", rule.name, l.rules[j].name),
					"remove it, or put it first if its session is the one that is meant")
				break
			}
		}
		for _, role := range rule.roles {
			at := place{rule.idp, role}
			earlier[at] = append(earlier[at], i)
		}
	}
}

func (r Rule) covers(later Rule) bool {
	if r.session.text != later.session.text || r.assertedName != later.assertedName {
		return false
	}
	if !r.requires.IsZero() && !reflect.DeepEqual(r.requires, later.requires) {
		return false
	}
	for _, role := range later.roles {
		if !slices.Contains(r.roles, role) {
			return false
		}
	}
	for _, c := range r.clauses {
		if !slices.ContainsFunc(later.clauses, c.impliedBy) {
			return false
		}
	}
	return true
}

// impliedBy says that c holds wherever the other does: it asks the same of the
// same, and of its values no fewer, or where it is negated no more.
func (c Clause) impliedBy(other Clause) bool {
	if !c.sameFact(other) || c.operator != other.operator || c.absent != other.absent {
		return false
	}
	within, all := other, c
	if c.operator.negated {
		within, all = c, other
	}
	for value := range within.values.All() {
		if !slices.Contains(all.values.list, value) {
			return false
		}
	}
	return true
}

func (l *linter) alikeNames() {
	seen := map[string]string{}
	for i, rule := range l.rules {
		folded := strings.ToLower(rule.name)
		if other, ok := seen[folded]; ok {
			l.find(rulePath(i)+".name", fmt.Sprintf("%q and %q differ by case alone", rule.name, other), "give each a name of its own")
		}
		seen[folded] = rule.name
	}
}

func (l *linter) namelessSessions() {
	for i, rule := range l.rules {
		if len(rule.session.parts) > 0 && len(rule.session.variables()) == 0 {
			l.find(rulePath(i)+".session.name", fmt.Sprintf("all sessions of rule %q are called %q", rule.name, rule.session.text), "use a variable that tells people apart: {{"+NameID+"}}")
		}
	}
}

// sessionsByEmail says so once of an identity provider: most of its rules will have
// one template. Beside another variable an address does no harm.
func (l *linter) sessionsByEmail() {
	emails := emailAttributes()
	said := map[string]bool{}
	for i, rule := range l.rules {
		source := l.sourceOf(rule)
		variables := rule.session.variables()
		lasting := func(v string) bool { return !emails[source.AttributeName(v)] }
		if said[rule.idp] || len(variables) == 0 || !rule.user.IsZero() || slices.ContainsFunc(variables, lasting) {
			continue
		}
		said[rule.idp] = true
		l.find(rulePath(i)+".session.name", fmt.Sprintf("people of %s are known by %s alone, in ActionTrail too, and who leaves gives an address back", rule.idp, rule.session.text),
			"nothing, where no address is ever given to another person; else add what is theirs for good, such as {{"+NameID+"}}")
	}
}

// emailAttributes are what products call an e-mail address.
func emailAttributes() map[string]bool {
	names := map[string]bool{}
	for _, p := range Presets() {
		for _, attributes := range p.attributes() {
			if name, ok := attributes["email"]; ok {
				names[name] = true
			}
		}
	}
	return names
}

// idlePatterns leaves out subjects of crowds, which wideSubjects finds.
func (l *linter) idlePatterns() {
	for i, rule := range l.rules {
		source := l.sourceOf(rule)
		at, crowded := crowdOf(source, rule)
		for _, c := range rule.clauses {
			if c.operator.kind != pattern || c.operator.negated || crowded && at.asks(c) {
				continue
			}
			if slices.ContainsFunc(c.values.list, func(p string) bool { return strings.Trim(p, "*") == "" }) {
				l.find(c.path(i), fmt.Sprintf("%s %s is met by any value of %s", c.written, c.values, c.key), "name the values, or write Null: {"+c.key+": false} if it is enough that there is one")
			}
		}
	}
}

func (l *linter) anyAsserted() {
	for i, rule := range l.rules {
		if at := slices.IndexFunc(rule.asserted.names, func(n string) bool { return strings.Trim(n, "*") == "" }); at >= 0 {
			l.find(fmt.Sprintf("%s.assertedRoles.roles[%d]", rulePath(i), at), fmt.Sprintf("rule %q believes every role that %s names, its administrators' too", rule.name, rule.idp),
				"name the roles, or a prefix that only those bear: dev-*")
		}
	}
}

func (l *linter) longerThanRole() {
	for i, rule := range l.rules {
		for _, role := range rule.roles {
			if most, ok := l.Maximums[role]; ok && rule.duration > most {
				l.find(rulePath(i)+".session.duration", fmt.Sprintf("rule %q gives %s for %s, and the role allows %s", rule.name, role, span(rule.duration), span(most)),
					"raise the role's MaxSessionDuration, or shorten the rule's duration")
			}
		}
	}
}

func (l *linter) longerThanDefault() {
	for i, rule := range l.rules {
		if _, known := l.maximumOf(rule); !known && rule.duration > DefaultDuration {
			l.find(rulePath(i)+".session.duration", fmt.Sprintf("rule %q gives %s: STS refuses more than a role's MaxSessionDuration, which is 1h by default", rule.name, span(rule.duration)),
				"see that the roles have it raised: -role-max ROLE=DURATION tells this check so")
		}
	}
}

// span writes 8h, not 8h0m0s.
func span(d time.Duration) string {
	return strings.TrimSuffix(strings.TrimSuffix(d.String(), "0s"), "0m")
}

// maximumOf is the least that is known of the rule's roles, if all are known.
func (l *linter) maximumOf(rule Rule) (most time.Duration, known bool) {
	for i, role := range rule.roles {
		m, ok := l.Maximums[role]
		if !ok {
			return 0, false
		}
		if i == 0 || m < most {
			most = m
		}
	}
	return most, len(rule.roles) > 0
}

// auditedRoles looks at what the rules name: an asserted role is nobody's yet.
func (l *linter) auditedRoles() {
	given := map[ram.RoleARN]bool{}
	for _, rule := range l.rules {
		for _, role := range rule.roles {
			given[role] = given[role] || !rule.audit
		}
	}
	for i, rule := range l.rules {
		for j, role := range rule.roles {
			if !given[role] {
				l.find(fmt.Sprintf("%s.roles[%d]", rulePath(i), j), fmt.Sprintf("%s is given in mode audit alone", role), "remove mode: audit once the decision log shows what you expect")
				given[role] = true // once
			}
		}
	}
}
