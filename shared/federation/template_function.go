package federation

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/fc-sso/fc-sso/shared/ram"
)

// step is one function of a template with its arguments: from a value, or from
// the lack of one (ok is false), to the next.
type step struct {
	apply func(text string, ok bool) (string, bool)
}

// function is what a template may call. usage is how it is written, and with that
// how many arguments it takes.
type function struct {
	usage string
	make  func(arguments []string) func(text string) string
}

const defaultFunction = "default" // the only one that acts where there is no value

func functions() map[string]function {
	return map[string]function{
		"after":         {`after "X"`, after},
		"before":        {`before "X"`, before},
		"clean":         {`clean`, func([]string) func(string) string { return clean }},
		defaultFunction: {`default "TEXT"`, instead},
		"lower":         {`lower`, func([]string) func(string) string { return inCase(unicode.ToLower) }},
		"max":           {`max N`, first},
		"replace":       {`replace "A" "B"`, replace},
		"upper":         {`upper`, func([]string) func(string) string { return inCase(unicode.ToUpper) }},
	}
}

// callError is a fault in how a function is called, where no list of variables
// would help.
type callError struct{ error }

// functionUsages is how all of them are written.
func functionUsages() string {
	all := functions()
	var usages []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		usages = append(usages, all[name].usage)
	}
	return strings.Join(usages, ", ")
}

// parseStep reads one call, and refuses what could only surprise later: an empty
// X is found everywhere, and max 0 leaves nothing.
func parseStep(call string) (step, error) {
	words, err := callWords(call)
	if err != nil {
		return step{}, err
	}
	if len(words) == 0 || words[0].quoted {
		return step{}, callError{errors.New("no function stands after |")}
	}
	name := words[0].text
	f, ok := functions()[name]
	if !ok {
		return step{}, callError{fmt.Errorf("there is no function %.80q", name)}
	}
	if !f.takes(words) {
		return step{}, callError{fmt.Errorf("%.200s is not how %s is written: %s", strings.TrimSpace(call), name, f.usage)}
	}
	act := f.make(texts(words[1:]))
	if name == defaultFunction {
		return step{func(text string, ok bool) (string, bool) {
			if ok && text != "" {
				return text, true
			}
			return act(text), true
		}}, nil
	}
	return step{func(text string, ok bool) (string, bool) { return act(text), ok }}, nil
}

// takes compares a call with the function's usage, word by word.
func (f function) takes(words []word) bool {
	usage := strings.Fields(f.usage)
	if len(words) != len(usage) {
		return false
	}
	for i, w := range words[1:] {
		if usage[i+1] != "N" {
			if !w.quoted || w.text == "" && i == 0 {
				return false
			}
			continue
		}
		if n, err := strconv.ParseUint(w.text, 10, 16); w.quoted || err != nil || n == 0 {
			return false
		}
	}
	return true
}

// word is one of a call: its function's name, a number, or a text in quotes.
type word struct {
	text   string
	quoted bool
}

func texts(words []word) []string {
	var all []string
	for _, w := range words {
		all = append(all, w.text)
	}
	return all
}

func callWords(call string) ([]word, error) {
	var words []word
	for rest := strings.TrimSpace(call); rest != ""; rest = strings.TrimLeft(rest, " \t") {
		if inside, ok := strings.CutPrefix(rest, `"`); ok {
			text, after, closed := strings.Cut(inside, `"`)
			if !closed {
				return nil, callError{fmt.Errorf("%.200s opens a quote and does not close it", call)}
			}
			words, rest = append(words, word{text, true}), after
			continue
		}
		end := strings.IndexAny(rest, " \t\"")
		if end < 0 {
			end = len(rest)
		}
		words, rest = append(words, word{rest[:end], false}), rest[end:]
	}
	return words, nil
}

// inCase makes no plain letter of what was none: the Kelvin sign becomes a k in small
// letters, the dotless i an I in capitals, and two people would have one name.
func inCase(change func(rune) rune) func(string) string {
	return func(text string) string {
		return strings.Map(func(r rune) rune {
			changed := change(r)
			if r > unicode.MaxASCII && changed <= unicode.MaxASCII {
				return r
			}
			return changed
		}, text)
	}
}

func after(arguments []string) func(string) string {
	return func(text string) string {
		if _, rest, found := strings.Cut(text, arguments[0]); found {
			return rest
		}
		return text
	}
}

func before(arguments []string) func(string) string {
	return func(text string) string {
		head, _, _ := strings.Cut(text, arguments[0])
		return head
	}
}

func instead(arguments []string) func(string) string {
	return func(string) string { return arguments[0] }
}

func replace(arguments []string) func(string) string {
	return func(text string) string { return strings.ReplaceAll(text, arguments[0], arguments[1]) }
}

// first counts characters, not bytes: it must not cut one in two.
func first(arguments []string) func(string) string {
	most, _ := strconv.Atoi(arguments[0]) // takes has read it
	return func(text string) string {
		runes := []rune(text)
		return string(runes[:min(most, len(runes))])
	}
}

// clean leaves blank what is blank: the empty text is for default to replace, or
// for the name's end to refuse.
func clean(text string) string {
	name, err := ram.CleanSessionName(text)
	if err != nil {
		return ""
	}
	return name
}
