package federation

import (
	"slices"
	"strings"
)

// The prefixes and the suffix of an operator.
const (
	forAnyValue  = "ForAnyValue:"
	forAllValues = "ForAllValues:"
	ifExists     = "IfExists"
)

// kind is what an operator takes values for.
type kind int

const (
	text kind = iota
	pattern
	number
	date
	truth
	address
	presence
)

// relation is how a value is to stand to one of the operator's.
type relation int

const (
	equal relation = iota
	equalFold
	less
	lessOrEqual
	greater
	greaterOrEqual
)

// holds reads the result of a comparison, as of cmp.Compare.
func (r relation) holds(compared int) bool {
	switch r {
	case less:
		return compared < 0
	case lessOrEqual:
		return compared <= 0
	case greater:
		return compared > 0
	case greaterOrEqual:
		return compared >= 0
	case equal, equalFold:
	}
	return compared == 0
}

// comparison is an operator of RAM's policy language without prefix and suffix.
type comparison struct {
	name     string
	kind     kind
	relation relation
	negated  bool
	words    string // between "one" or "none" and the values: one of [a b]
}

// comparisons are all of them, as RAM documents them:
// https://www.alibabacloud.com/help/en/ram/conditional-operator
func comparisons() []comparison {
	return []comparison{
		{"StringEquals", text, equal, false, "of"},
		{"StringNotEquals", text, equal, true, "of"},
		{"StringEqualsIgnoreCase", text, equalFold, false, "in any case of"},
		{"StringNotEqualsIgnoreCase", text, equalFold, true, "in any case of"},
		{"StringLike", pattern, equal, false, "like"},
		{"StringNotLike", pattern, equal, true, "like"},
		{"NumericEquals", number, equal, false, "equal to"},
		{"NumericNotEquals", number, equal, true, "equal to"},
		{"NumericLessThan", number, less, false, "less than"},
		{"NumericLessThanEquals", number, lessOrEqual, false, "at most"},
		{"NumericGreaterThan", number, greater, false, "greater than"},
		{"NumericGreaterThanEquals", number, greaterOrEqual, false, "at least"},
		{"DateEquals", date, equal, false, "at"},
		{"DateNotEquals", date, equal, true, "at"},
		{"DateLessThan", date, less, false, "before"},
		{"DateLessThanEquals", date, lessOrEqual, false, "at or before"},
		{"DateGreaterThan", date, greater, false, "after"},
		{"DateGreaterThanEquals", date, greaterOrEqual, false, "at or after"},
		{"Bool", truth, equal, false, "of"},
		{"IpAddress", address, equal, false, "within"},
		{"NotIpAddress", address, equal, true, "within"},
		{"Null", presence, equal, false, ""},
	}
}

// Comparisons are the names of all, without prefix and suffix.
func Comparisons() []string {
	var names []string
	for _, c := range comparisons() {
		names = append(names, c.name)
	}
	return names
}

// operator is a comparison with its prefix and suffix.
type operator struct {
	comparison
	every    bool // each value is to hold, not just one
	ifExists bool // holds where there is no value
}

// parseOperator reads the whole name. Without a prefix a comparison wants one
// value that holds, and a negated one wants each to: who is in contractors and in
// another group does not pass StringNotEquals contractors.
func parseOperator(name string) (operator, bool) {
	base, anyValue := strings.CutPrefix(name, forAnyValue)
	base, allValues := strings.CutPrefix(base, forAllValues)
	base, exists := strings.CutSuffix(base, ifExists)
	all := comparisons()
	i := slices.IndexFunc(all, func(c comparison) bool { return c.name == base })
	if i < 0 || anyValue && allValues {
		return operator{}, false
	}
	return operator{all[i], allValues || all[i].negated && !anyValue, exists}, true
}

// wanted says what the operator wants of a value, for a person.
func (o operator) wanted(values string) string {
	switch {
	case o.every && o.negated:
		return "none " + o.words + " " + values + " is allowed"
	case o.every:
		return "only those " + o.words + " " + values + " are allowed"
	case o.negated:
		return "one that is not " + o.words + " " + values + " is wanted"
	}
	return "one " + o.words + " " + values + " is wanted"
}

// Operators are the names of all condition operators that a rule may have, with
// their prefixes and their suffix.
func Operators() []string {
	var names []string
	for _, c := range comparisons() {
		names = append(names, c.name)
		if c.kind == presence {
			continue
		}
		for _, prefix := range []string{forAnyValue, forAllValues} {
			names = append(names, c.name+ifExists, prefix+c.name, prefix+c.name+ifExists)
		}
	}
	return names
}
