package federation

import "fmt"

// createdAtSignIn looks at rules that make RAM users, for what only a sign-in shows, and
// for an hour: an event comes once, and not again when the hour is right.
func (l *linter) createdAtSignIn() {
	for i, rule := range l.rules {
		if !rule.user.create {
			continue
		}
		for _, c := range rule.clauses {
			switch c.fact {
			case SourceIP:
				l.late(c.path(i), "rule %q asks where the person is, which no event says: it makes RAM users", rule)
			case CurrentTime:
				l.late(c.path(i), "rule %q asks the time, and an event comes once: whom it names at another time the rule makes RAM users", rule)
			case Attribute, Subject:
			}
		}
		if !rule.requires.IsZero() {
			l.late(rulePath(i)+".requires", "rule %q asks how the person signed in, which no event says: it makes RAM users", rule)
		}
	}
}

func (l *linter) late(path, cause string, rule Rule) {
	l.find(path, fmt.Sprintf(cause, rule.name)+" at their first sign-in alone", "nothing, if that is early enough; else a rule with create that does not ask it")
}
