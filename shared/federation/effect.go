package federation

import "fmt"

// NotInEffect says, a line each, what the revision declares and the functions do
// not do yet. It is declared all the same, so that a file can be whole before
// the bundle is; and said, so that nobody relies on it.
func (r Revision) NotInEffect() []string {
	var lines []string
	for _, d := range deferred() {
		var who []string
		for _, a := range r.accounts {
			if d.declares(a) {
				who = append(who, a.Name())
			}
		}
		if len(who) > 0 {
			lines = append(lines, fmt.Sprintf("%s (%s)", d.what, some(who)))
		}
	}
	return lines
}

// deferral is one thing that waits for the function that does it.
type deferral struct {
	what     string
	declares func(Account) bool
}

// deferred is the one list, which may be empty: who makes a function do one of these
// deletes its line.
func deferred() []deferral { return nil }
