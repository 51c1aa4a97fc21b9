package federation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// NameID is the variable that stands for the subject; the others are the aliases
// of the identity provider's attributes.
const NameID = "nameID"

// Template is text with variables: "{{email}}".
type Template struct{ parts []part }

type part struct{ literal, variable string }

// ParseTemplate reads a template; it may name only these variables.
func ParseTemplate(text string, variables []string) (Template, error) {
	var t Template
	for rest := text; rest != ""; {
		literal, after, found := strings.Cut(rest, "{{")
		if strings.ContainsAny(literal, "{}") {
			return Template{}, fmt.Errorf("a stray brace in %q", text)
		}
		t.parts = appendLiteral(t.parts, literal)
		if !found {
			break
		}
		inside, after, closed := strings.Cut(after, "}}")
		if !closed {
			return Template{}, fmt.Errorf("%q opens {{ and does not close it", text)
		}
		name := strings.TrimSpace(inside)
		if !slices.Contains(variables, name) {
			return Template{}, fmt.Errorf("%q is no variable here", name)
		}
		t.parts = append(t.parts, part{variable: name})
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

// Expand puts in the values of the variables. A variable without a value is an
// error, which says which.
func (t Template) Expand(value func(variable string) (string, bool)) (string, error) {
	var b strings.Builder
	for _, p := range t.parts {
		if p.variable == "" {
			b.WriteString(p.literal)
			continue
		}
		text, ok := value(p.variable)
		if !ok {
			return "", fmt.Errorf("{{%s}} has no value", p.variable)
		}
		b.WriteString(text)
	}
	return b.String(), nil
}
