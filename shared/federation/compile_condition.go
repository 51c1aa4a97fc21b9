package federation

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/trust"
)

func (c *compiler) condition(path string, d *ConditionDraft, source trust.Source) []Clause {
	if d == nil {
		c.problem(path+".condition", "the rule has no condition", "write condition: any if everybody of the identity provider is meant")
		return nil
	}
	if d.Any == (len(d.Operators) > 0) {
		c.problem(path+".condition", "the condition holds nothing to compare", "write condition: any, or an operator such as StringEquals with at least one key")
		return nil
	}
	var clauses []Clause
	for _, name := range slices.Sorted(maps.Keys(d.Operators)) {
		path := path + ".condition." + name
		operator, ok := c.operator(path, name)
		if len(d.Operators[name]) == 0 {
			c.problem(path, name+" has no key", fmt.Sprintf(`write %.80s: {"saml:groups": platform}`, name))
		}
		for _, key := range slices.Sorted(maps.Keys(d.Operators[name])) {
			if clause, sound := c.clause(path+"."+key, operator, name, key, d.Operators[name][key], source); sound && ok {
				clauses = append(clauses, clause)
			}
		}
	}
	c.contradictions(path+".condition", clauses)
	return clauses
}

func (c *compiler) operator(path, name string) (operator, bool) {
	o, ok := parseOperator(name)
	switch {
	case !ok:
		fix := "write one that RAM has: StringEquals, StringLike, NumericEquals, DateLessThan, Bool, IpAddress, Null and their kin"
		if meant := c.likelyOperator(name); meant != "" {
			fix = fmt.Sprintf("did you mean %s?", meant)
		}
		c.problem(path, fmt.Sprintf("RAM has no condition operator %.80q", name), fix)
	case o.kind == presence && o.name != name:
		c.problem(path, name+" compares nothing: Null asks whether there is a value at all", "write Null")
		return o, false
	}
	return o, ok
}

// likelyOperator is the one that was meant, or "". Who misspells an operator does
// so in each of ten thousand rules, and is asked once.
func (c *compiler) likelyOperator(name string) string {
	meant, asked := c.meant[name]
	if !asked {
		meant, _ = Closest(name, Operators())
		c.meant[name] = meant
	}
	return meant
}

// clause gives one that is sound, or says what is wrong. Of an operator that is
// none it judges the key alone.
func (c *compiler) clause(path string, o operator, written, key string, values []string, source trust.Source) (Clause, bool) {
	before := len(c.problems)
	fact, attribute := c.key(path, key, source)
	clause := Clause{&clause{operator: o, written: written, key: key, fact: fact, attribute: attribute, values: ValuesOf(values...), absent: o.ifExists}}
	if o.name == "" {
		return clause, false
	}
	c.fits(path, o, fact)
	if len(values) == 0 {
		c.problem(path, key+" has no value", "add the values of which one is to hold")
		return clause, false
	}
	if i := slices.Index(values, ""); i >= 0 {
		c.problem(fmt.Sprintf("%s[%d]", path, i), "an empty value: what is empty counts as missing", "remove it; that there is no value is Null: {KEY: true}")
	}
	c.test(path, clause.clause)
	return clause, len(c.problems) == before
}

// key reads what a clause compares.
func (c *compiler) key(path, key string, source trust.Source) (Fact, string) {
	protocol, name, found := strings.Cut(key, ":")
	switch {
	case key == "sourceIp":
		return SourceIP, ""
	case key == "currentTime":
		return CurrentTime, ""
	case !found || name == "" || protocol != "saml" && protocol != "oidc":
		c.problem(path, fmt.Sprintf("%.80q is no key of a condition", key), keyMeant(key))
	case source.Kind() != "" && protocol != string(source.Kind()):
		c.problem(path, fmt.Sprintf("%s speaks %s, so nothing that it says is called %.80s", source.ID, strings.ToUpper(string(source.Kind())), key), fmt.Sprintf("write %s:NAME", source.Kind()))
	case key == "saml:"+NameID, key == "oidc:sub":
		return Subject, ""
	case key == "oidc:"+NameID:
		c.problem(path, "OpenID Connect has no nameID", "write oidc:sub: it is the subject there")
	}
	return Attribute, source.AttributeName(name)
}

// keyMeant helps who writes a key as RAM's own policies do, or without its prefix.
func keyMeant(key string) string {
	switch strings.ToLower(strings.TrimPrefix(key, "acs:")) {
	case "sourceip":
		return "did you mean sourceIp?"
	case "currenttime":
		return "did you mean currentTime?"
	}
	return "write saml:NAME or oidc:NAME, NAME being an alias of attributes or the exact name; or sourceIp, currentTime"
}

// fits refuses an operator that cannot read what the key stands for. What an
// attribute holds nobody knows before it comes.
func (c *compiler) fits(path string, o operator, fact Fact) {
	switch {
	case o.kind == presence:
	case fact == SourceIP && o.kind != address:
		c.problem(path, "sourceIp is an address, which "+o.name+" cannot compare", "write IpAddress or NotIpAddress")
	case fact == CurrentTime && o.kind != date:
		c.problem(path, "currentTime is a time, which "+o.name+" cannot compare", "write DateLessThan, DateGreaterThan or another of Date's operators")
	}
}

// test reads the clause's values, once, so that a decision need not.
func (c *compiler) test(path string, clause *clause) {
	o, values := clause.operator, clause.values.list
	switch o.kind {
	case text:
		clause.test = textTest(o, values)
	case pattern:
		clause.test = compares(c.patterns(path, o, values), (*Value).asLiked, like, o.negated)
	case number:
		wanted := read(c, path, values, readDecimal, "no number", "write digits with . before a fraction, as in 42 or -1.5; at most 64 characters")
		clause.test = compares(wanted, (*Value).asDecimal, func(got, w decimal) bool { return o.relation.holds(got.compare(w)) }, o.negated)
	case date:
		wanted := read(c, path, values, readDate, "no time", "write it as RAM does: 2026-01-02T15:04:05Z or 2026-01-02T15:04:05+08:00")
		clause.test = compares(wanted, (*Value).asDate, func(got, w time.Time) bool { return o.relation.holds(got.Compare(w)) }, o.negated)
	case truth:
		wanted := read(c, path, values, readBool, "neither true nor false", "write true or false")
		clause.test = compares(wanted, (*Value).asBool, func(got, w bool) bool { return got == w }, o.negated)
	case address:
		wanted := read(c, path, values, readNetwork, "no address or network", "write it as in 203.0.113.7, 10.0.0.0/8 or fd00:1::/32")
		clause.test = compares(wanted, (*Value).asAddress, func(got netip.Addr, w netip.Prefix) bool { return w.Contains(got) }, o.negated)
	case presence:
		c.presence(path, clause)
	}
}

func textTest(o operator, values []string) func(*Value) bool {
	if o.relation != equalFold {
		return isOneOf(values, (*Value).asWritten, o.negated)
	}
	folded := make([]string, 0, len(values))
	for _, v := range values {
		folded = append(folded, foldCase(v))
	}
	return isOneOf(folded, (*Value).asFolded, o.negated)
}

// read reads all values of a clause; each that cannot be read is a problem.
func read[V any](c *compiler, path string, values []string, one func(string) (V, bool), cause, fix string) []V {
	var list []V
	for i, text := range values {
		v, ok := one(text)
		if !ok && text != "" { // that it is empty is said already
			c.problem(fmt.Sprintf("%s[%d]", path, i), fmt.Sprintf("%.80q is %s", text, cause), fix)
		}
		list = append(list, v)
	}
	return list
}

func (c *compiler) patterns(path string, o operator, values []string) []string {
	for i, p := range values {
		path := fmt.Sprintf("%s[%d]", path, i)
		if len(p) > maxPattern {
			c.problem(path, fmt.Sprintf("the pattern has %d bytes, %d is the most", len(p), maxPattern), "shorten it")
		}
		if o.negated && strings.Trim(p, "*") == "" {
			c.problem(path, fmt.Sprintf("%.20q matches every value, so %s can never hold", p, o.name), "say which values are not allowed")
		}
	}
	return values
}

func (c *compiler) presence(path string, clause *clause) {
	values := clause.values.list
	absent, ok := readBool(values[0])
	switch {
	case !ok || len(values) > 1:
		c.problem(path, fmt.Sprintf("Null is either true or false, not %.80q", strings.Join(values, " and ")), `write true if there may be no value, false if there must be one`)
	case absent && (clause.fact == Subject || clause.fact == CurrentTime):
		c.problem(path, clause.key+" always has a value, so Null true can never hold", "remove it")
	}
	clause.absent = absent
	clause.test = func(*Value) bool { return !absent }
}
