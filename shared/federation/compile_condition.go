package federation

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/trust"
)

func (c *compiler) condition(path string, d *ConditionDraft, source trust.Source) []Clause {
	if d == nil {
		c.problem(path+".condition", "the rule has no condition", "write condition: any if everybody of the identity provider is meant")
		return nil
	}
	if d.Any == (len(d.Operators) > 0) {
		c.problem(path+".condition", "the condition holds nothing to compare", "write condition: any, or StringEquals with at least one key")
		return nil
	}
	var clauses []Clause
	for _, operator := range slices.Sorted(maps.Keys(d.Operators)) {
		path := path + ".condition." + operator
		keys := d.Operators[operator]
		if Operator(operator) != StringEquals {
			c.unknownOperator(path, operator)
			continue
		}
		if len(keys) == 0 {
			c.problem(path, operator+" has no key", `write StringEquals: {"saml:groups": platform}`)
		}
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			clauses = append(clauses, c.clause(path+"."+key, StringEquals, key, keys[key], source))
		}
	}
	return clauses
}

func (c *compiler) unknownOperator(path, operator string) {
	if slices.Contains(ramOperators(), baseOperator(operator)) {
		c.problem(path, operator+" is not supported yet", "use StringEquals; its values are alternatives")
		return
	}
	c.problem(path, fmt.Sprintf("RAM has no condition operator %.80q", operator), "write StringEquals")
}

// ramOperators are the condition operators of RAM's policy language.
func ramOperators() []string {
	return []string{
		"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
		"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals",
		"DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
		"Bool", "IpAddress", "NotIpAddress", "Null",
	}
}

func baseOperator(operator string) string {
	operator = strings.TrimSuffix(operator, "IfExists")
	operator = strings.TrimPrefix(operator, "ForAnyValue:")
	return strings.TrimPrefix(operator, "ForAllValues:")
}

func (c *compiler) clause(path string, operator Operator, key string, values []string, source trust.Source) Clause {
	name, isSAML := strings.CutPrefix(key, "saml:")
	switch {
	case strings.HasPrefix(key, "oidc:"), key == "sourceIp", key == "currentTime":
		c.problem(path, fmt.Sprintf("key %.80s is not supported yet", key), "use saml:NAME")
	case !isSAML || name == "":
		c.problem(path, fmt.Sprintf("%.80q is no key of a condition", key), "write saml:NAME, NAME being an alias of attributes or the exact Attribute Name")
	}
	if len(values) == 0 {
		c.problem(path, key+" has no value", "add the values of which one is to hold")
	}
	return Clause{operator, key, source.AttributeName(name), slices.Clone(values)}
}
