package federation

import "fmt"

// contradictions finds two clauses of which one forbids all that the other wants.
// It says nothing where it is not sure: a rule that never holds does no harm but to
// the trust of who wrote it.
func (c *compiler) contradictions(path string, clauses []Clause) {
	type compared struct {
		fact      Fact
		attribute string
	}
	same := map[compared][]Clause{}
	for _, clause := range clauses {
		of := compared{clause.fact, clause.attribute}
		same[of] = append(same[of], clause)
	}
	for _, a := range clauses {
		for _, b := range same[compared{a.fact, a.attribute}] {
			if a != b && a.forbids(b) {
				c.problem(fmt.Sprintf("%s.%s.%s", path, a.written, a.key), fmt.Sprintf("%s and %s on %s can never hold together", a.written, b.written, a.key), "remove one, or make two rules of them")
			}
		}
	}
}

func (c Clause) sameFact(other Clause) bool {
	return c.fact == other.fact && c.attribute == other.attribute
}

// forbids says that no value which the wanting clause accepts passes c. That is
// certain where c judges every value, or there is only one, and where the wanting
// one is equality, so that all that it accepts is known.
func (c Clause) forbids(wanting Clause) bool {
	if wanting.absent {
		return false
	}
	if c.operator.kind == presence {
		return c.absent
	}
	o := wanting.operator
	if c.absent || !c.Every() && c.fact == Attribute || o.negated || o.kind != text || o.relation != equal {
		return false
	}
	for value := range wanting.values.All() {
		if c.Wants(ValueOf(value)) {
			return false
		}
	}
	return true
}
