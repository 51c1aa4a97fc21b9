package federation

import (
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// mostTried bounds what is compared for one rule. Of more bounds nothing is said.
const mostTried = 200

// never finds rules of which two or more clauses leave no value that passes them
// all. Clauses on texts are the compiler's, which refuses them; here are those that
// are not seen at a glance: numbers, times and networks.
func (l *linter) never() {
	for i, rule := range l.rules {
		for _, group := range rule.ranges() {
			if group.excludeEachOther() {
				last := group[len(group)-1]
				l.find(last.path(i), fmt.Sprintf("rule %q never holds: no value of %s passes %s", rule.name, last.key, group), "mend the values, or make two rules of them")
			}
		}
	}
}

// ranges are clauses on one fact whose values are ordered or nested alike.
type ranges []Clause

// ranges groups the rule's clauses; one alone always leaves a value.
func (r Rule) ranges() []ranges {
	var groups []ranges
	for _, c := range r.clauses {
		if k := c.operator.kind; k != number && k != date && k != address {
			continue
		}
		i := slices.IndexFunc(groups, func(g ranges) bool { return g[0].sameFact(c) && g[0].operator.kind == c.operator.kind })
		if i < 0 {
			groups = append(groups, ranges{c})
			continue
		}
		groups[i] = append(groups[i], c)
	}
	return slices.DeleteFunc(groups, func(g ranges) bool { return len(g) == 1 })
}

func (g ranges) String() string {
	var clauses []string
	for _, c := range g {
		clauses = append(clauses, c.written+" "+c.values.String())
	}
	return strings.Join(clauses, " and ")
}

// excludeEachOther says that no values pass all clauses. A clause that wants one
// value needs one that also passes those that judge every value; of a fact that has
// one value all judge it. Where every clause holds without a value, none is needed.
func (g ranges) excludeEachOther() bool {
	if !slices.ContainsFunc(g, func(c Clause) bool { return !c.absent }) {
		return false
	}
	tried, ok := g.tried()
	if !ok {
		return false
	}
	judging := slices.DeleteFunc(slices.Clone(g), func(c Clause) bool { return !c.Every() && c.fact == Attribute })
	for _, c := range g {
		all := append(ranges{c}, judging...)
		if !slices.ContainsFunc(tried, all.want) {
			return true
		}
	}
	return false
}

func (g ranges) want(value string) bool {
	v := ValueOf(value)
	return !slices.ContainsFunc(g, func(c Clause) bool { return !c.Wants(v) })
}

// tried are values among which one passes all clauses if there is any: what the
// clauses say changes at their values alone, so each of them and one between each
// two stand for all. False where that cannot be written down.
func (g ranges) tried() ([]string, bool) {
	var bounds []string
	for _, c := range g {
		bounds = append(bounds, c.values.list...)
	}
	if len(bounds) > mostTried {
		return nil, false
	}
	switch g[0].operator.kind {
	case number:
		return numbersAround(bounds)
	case date:
		return datesAround(bounds), true
	case address:
		return addressesAround(bounds), true
	case text, pattern, truth, presence:
	}
	return nil, false
}

func numbersAround(bounds []string) ([]string, bool) {
	var numbers []*big.Rat
	for _, text := range bounds {
		n, ok := new(big.Rat).SetString(text)
		if !ok {
			return nil, false
		}
		numbers = append(numbers, n)
	}
	slices.SortFunc(numbers, (*big.Rat).Cmp)
	one, half := big.NewRat(1, 1), big.NewRat(1, 2)
	last := len(numbers) - 1
	tried := []*big.Rat{new(big.Rat).Sub(numbers[0], one), new(big.Rat).Add(numbers[last], one)}
	for i, n := range numbers {
		tried = append(tried, n)
		if i < last {
			between := new(big.Rat).Add(n, numbers[i+1])
			tried = append(tried, between.Mul(between, half))
		}
	}
	var texts []string
	for _, n := range tried {
		text := n.FloatString(maxDecimal) // exact: half of a decimal has one digit more
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		if _, ok := readDecimal(text); !ok {
			return nil, false
		}
		texts = append(texts, text)
	}
	return texts, true
}

// datesAround are the times and their neighbours: there is none between two
// nanoseconds.
func datesAround(bounds []string) []string {
	var texts []string
	for _, text := range bounds {
		at, _ := readDate(text)
		for _, near := range []time.Duration{-time.Nanosecond, 0, time.Nanosecond} {
			texts = append(texts, at.Add(near).Format(time.RFC3339Nano))
		}
	}
	return texts
}

// addressesAround are where networks begin, and where what follows one begins. In
// the midst of IPv6 lie the addresses that are IPv4's.
func addressesAround(bounds []string) []string {
	const afterIPv4 = "::1:0:0:0"
	texts := []string{netip.IPv4Unspecified().String(), netip.IPv6Unspecified().String(), afterIPv4}
	for _, text := range bounds {
		network, _ := readNetwork(text)
		texts = append(texts, network.Addr().String())
		if next := lastOf(network).Next(); next.IsValid() {
			texts = append(texts, next.String())
		}
	}
	return texts
}

func lastOf(network netip.Prefix) netip.Addr {
	bytes := network.Addr().AsSlice()
	for bit := max(network.Bits(), 0); bit < len(bytes)*8; bit++ {
		bytes[bit/8] |= 1 << (7 - bit%8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}
