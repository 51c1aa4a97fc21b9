package federation

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/trust"
)

// The variables that stand for the subject, NameID everywhere and Sub, its name in
// OpenID Connect, there; the others are the aliases of the identity provider's
// attributes.
const (
	NameID = "nameID"
	Sub    = "sub"
)

// SubjectVariables are those of a source, the one in its protocol's words first.
func SubjectVariables(s trust.Source) []string {
	if s.OIDC != nil {
		return []string{Sub, NameID}
	}
	return []string{NameID}
}

// Template is text with variables: "{{email}}". A variable may pass through
// functions, from left to right: {{email | before "@" | lower}}. They are
//
//	after "X"        what follows the first X; all of it where there is none
//	before "X"       what precedes the first X; all of it where there is none
//	clean            made a legal session name, as every session name is at the end
//	default "TEXT"   TEXT where the variable has no value or is empty
//	lower, upper     in that case
//	max N            the first N characters
//	replace "A" "B"  each A as B
//
// A text stands in double quotes and holds all but those: there is no escape.
//
// Why no regular expressions: what AD FS and Entra administrators most regret of
// their own claim rules, nobody reads a year later.
type Template struct {
	text  string
	parts []part
}

// part is either a literal, or a variable and what is done to its value.
type part struct {
	literal, variable string
	steps             []step
}

// ParseTemplate reads a template; it may name only these variables.
func ParseTemplate(text string, variables []string) (Template, error) {
	t := Template{text: text}
	for rest := text; rest != ""; {
		literal, after, found := strings.Cut(rest, "{{")
		if strings.ContainsAny(literal, "{}") {
			return Template{}, fmt.Errorf("a stray brace in %q", text)
		}
		t.parts = appendLiteral(t.parts, literal)
		if !found {
			break
		}
		inside, after, closed := cutOutsideQuotes(after, "}}")
		if !closed {
			return Template{}, fmt.Errorf("%q opens {{ or a quote and does not close it", text)
		}
		p, err := parsePart(inside, variables)
		if err != nil {
			return Template{}, err
		}
		t.parts = append(t.parts, p)
		rest = after
	}
	if len(t.parts) == 0 {
		return Template{}, errors.New("the template is empty")
	}
	return t, nil
}

func appendLiteral(parts []part, literal string) []part {
	if literal == "" {
		return parts
	}
	return append(parts, part{literal: literal})
}

// parsePart reads what stands between the braces: VARIABLE | FUNCTION | ….
func parsePart(inside string, variables []string) (part, error) {
	name, pipe, more := cutOutsideQuotes(inside, "|")
	p := part{variable: strings.TrimSpace(name)}
	if !slices.Contains(variables, p.variable) {
		return part{}, fmt.Errorf("%q is no variable here", p.variable)
	}
	for more {
		var call string
		call, pipe, more = cutOutsideQuotes(pipe, "|")
		s, err := parseStep(call)
		if err != nil {
			return part{}, err
		}
		p.steps = append(p.steps, s)
	}
	return p, nil
}

// cutOutsideQuotes is [strings.Cut] at a separator that no quotes hold.
func cutOutsideQuotes(s, separator string) (before, after string, found bool) {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case !quoted && strings.HasPrefix(s[i:], separator):
			return s[:i], s[i+len(separator):], true
		}
	}
	return s, "", false
}

// Expand puts in the values of the variables. A variable without a value is an
// error, which says which, unless a function gives it one.
func (t Template) Expand(value func(variable string) (string, bool)) (string, error) {
	var b strings.Builder
	for _, p := range t.parts {
		text, ok := p.literal, true
		if p.variable != "" {
			text, ok = value(p.variable)
		}
		for _, s := range p.steps {
			text, ok = s.apply(text, ok)
		}
		if !ok {
			return "", fmt.Errorf("{{%s}} has no value", p.variable)
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// variables are those that the template names.
func (t Template) variables() []string {
	var names []string
	for _, p := range t.parts {
		if p.variable != "" {
			names = append(names, p.variable)
		}
	}
	return names
}
