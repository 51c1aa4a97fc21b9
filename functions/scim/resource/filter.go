package resource

import (
	"encoding/json"
	"strings"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// Limits of a filter: an identity provider compares one attribute, or two.
const (
	maxFilter      = 2000
	maxComparisons = 10
)

// Comparison is "attribute eq value".
type Comparison struct {
	Attribute string // as it was written, without the URN of the resource's own schema
	Value     any    // text, json.Number or a truth value
}

// Filter holds where all its comparisons do.
type Filter []Comparison

// ParseFilter reads a filter (RFC 7644 section 3.4.2.2), of which there are eq and "and"
// here: that is all by which identity providers find again what they sent. The rest is
// refused by name.
func ParseFilter(written string) (Filter, error) {
	if len(written) > maxFilter {
		return nil, badFilter("it has %d bytes, %d may be", len(written), maxFilter)
	}
	s := scanner{text: written}
	filter, err := s.filter()
	if err == nil && s.at < len(s.text) {
		err = badFilter("%.40q at byte %d: what is it for? Comparisons are joined by and", s.text[s.at:], s.at+1)
	}
	return filter, err
}

func badFilter(format string, args ...any) error {
	return Refuse(reason.SCIMFilter, InvalidFilter, "filter: "+format, args...)
}

// scanner takes what stands at its place in the text.
type scanner struct {
	text string
	at   int
}

func (s *scanner) blanks() {
	for s.at < len(s.text) && s.text[s.at] == ' ' {
		s.at++
	}
}

// word takes what may be a name, an operator or a value without quotes.
func (s *scanner) word() string {
	from := s.at
	for s.at < len(s.text) && strings.IndexByte(` "()[]`, s.text[s.at]) < 0 {
		s.at++
	}
	return s.text[from:s.at]
}

// filter takes comparisons until something else than "and" follows.
func (s *scanner) filter() (Filter, error) {
	var filter Filter
	for {
		c, err := s.comparison()
		if err != nil {
			return nil, err
		}
		if filter = append(filter, c); len(filter) > maxComparisons {
			return nil, badFilter("more than %d comparisons", maxComparisons)
		}
		s.blanks()
		before := s.at
		switch word := s.word(); {
		case strings.EqualFold(word, "and"):
		case strings.EqualFold(word, "or"):
			return nil, badFilter("or is not supported: ask twice")
		default:
			s.at = before
			return filter, nil
		}
	}
}

func (s *scanner) comparison() (Comparison, error) {
	s.blanks()
	from := s.at
	attribute := s.word()
	if s.at < len(s.text) && (s.text[s.at] == '(' || s.text[s.at] == '[') {
		return Comparison{}, badFilter("%q at byte %d is not supported: compare attributes by eq, and join comparisons by and", s.text[s.at], s.at+1)
	}
	if !isName(attribute) {
		return Comparison{}, badFilter("%.40q at byte %d is no attribute: write userName eq \"ada\"", attribute, from+1)
	}
	s.blanks()
	switch operator := s.word(); {
	case strings.EqualFold(operator, "eq"):
	case operator == "":
		return Comparison{}, badFilter("an operator is missing behind %.80q", attribute)
	default:
		return Comparison{}, badFilter("operator %.20q is not supported: eq is", operator)
	}
	s.blanks()
	value, err := s.value()
	return Comparison{attribute, value}, err
}

// isName says whether s may be an attribute, with its URN before it and a part behind it.
func isName(s string) bool {
	return s != "" && strings.IndexFunc(s, func(c rune) bool {
		return c >= 0x7f || c <= ' ' || strings.ContainsRune("\"\\,;/{}|^`'<>=!?*&%#@+~", c)
	}) < 0
}

func (s *scanner) value() (any, error) {
	from := s.at
	if s.at < len(s.text) && s.text[s.at] == '"' {
		s.skipText()
	} else {
		s.word()
	}
	written := s.text[from:s.at]
	decoder := json.NewDecoder(strings.NewReader(strings.ToLower(written)))
	if strings.HasPrefix(written, `"`) {
		decoder = json.NewDecoder(strings.NewReader(written))
	}
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	if _, ok := plain(value); err != nil || !ok || decoder.InputOffset() < int64(len(written)) {
		return nil, badFilter("%.80q at byte %d is no value: text stands in double quotes", written, from+1)
	}
	return value, nil
}

// skipText goes behind a text in quotes, or to the end where it has none.
func (s *scanner) skipText() {
	for s.at++; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '\\':
			s.at++
		case '"':
			s.at++
			return
		}
	}
	s.at = len(s.text)
}
