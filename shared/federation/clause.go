package federation

import (
	"fmt"
	"strings"
)

// Fact is what the key of a condition stands for.
type Fact int

// The facts.
const (
	Attribute   Fact = iota // what the identity provider says under a name
	Subject                 // NameID, sub
	SourceIP                // where the request came from
	CurrentTime             // when it came
)

// Clause is one key of a condition with its operator and values. It cannot be
// changed.
type Clause struct{ *clause }

type clause struct {
	operator  operator
	written   string // the operator as the file has it
	key       string
	fact      Fact
	attribute string
	values    Values
	test      func(*Value) bool
	absent    bool
}

// Operator is the operator's name as the file has it.
func (c Clause) Operator() string { return c.written }

// Key is the key as the file has it: saml:groups.
func (c Clause) Key() string { return c.key }

// Fact is what the key stands for.
func (c Clause) Fact() Fact { return c.fact }

// Attribute is the exact name of the attribute that the key stands for; "" where
// it stands for another fact.
func (c Clause) Attribute() string { return c.attribute }

// Values are those to compare with.
func (c Clause) Values() Values { return c.values }

// Wants says whether one value compares with the clause's as the operator says:
// with one of them, or where it is negated, with none. A value that cannot be read
// as a number, a date, an address compares with nothing, and is unequal to nothing.
func (c Clause) Wants(value *Value) bool { return c.test(value) }

// Every says that each value is to be wanted, not just one.
func (c Clause) Every() bool { return c.operator.every }

// OneOf says that one of the values is wanted, just as they are written.
func (c Clause) OneOf() bool {
	return c.operator.kind == text && !c.operator.negated && !c.operator.every
}

// HoldsWithout says that the clause holds where the key has no value. Only IfExists
// and Null say so: RAM's negated operators and ForAllValues hold there too, and
// then an identity provider that stops sending an attribute gives rights away.
func (c Clause) HoldsWithout() bool { return c.absent }

// Wanted says for a person what the clause wants.
func (c Clause) Wanted() string {
	switch {
	case c.operator.kind != presence:
		return c.operator.wanted(c.values.String())
	case c.absent:
		return "no value is allowed"
	}
	return "a value is wanted"
}

// String shows the first of them, for a sentence.
func (v Values) String() string {
	const most = 20
	if len(v.list) <= most {
		return fmt.Sprintf("%q", v.list)
	}
	return strings.TrimSuffix(fmt.Sprintf("%q", v.list[:most]), "]") + fmt.Sprintf(" and %d more]", len(v.list)-most)
}
