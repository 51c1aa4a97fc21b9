package scim_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
)

// TestIdentityProvidersAreUnderstood plays what each of them sends, in order: the files
// are requests with the answers that are expected, see their heads.
//
//	### why                   begins one
//	METHOD path, headers, a blank line and a body
//	< STATUS
//	< Name: value             a header of the answer
//	< let NAME = attribute    remembers it, for {{NAME}}
//	< told person {{ADA}} active ada@acme.com
//	                          an event, of all that there are, in order
//	{...}                     what the answer has; null: what it has not, "*": anything
func TestIdentityProvidersAreUnderstood(t *testing.T) {
	files, err := filepath.Glob("testdata/*.http")
	if err != nil || len(files) < 3 {
		t.Fatalf("%q, %v", files, err)
	}
	w := newWorld(t)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		idp := strings.TrimSuffix(filepath.Base(file), ".http")
		p := player{w, t, w.token(idp), map[string]string{"url": origin, "reference": "reference " + audit.Reference("1-2-3")}}
		for i, step := range strings.Split(string(text), "\n### ")[1:] {
			p.play(fmt.Sprintf("%s, step %d", idp, i+1), step)
		}
	}
}

type player struct {
	w         *world
	t         *testing.T
	token     string
	variables map[string]string
}

func (p player) fill(text string) string {
	for name, value := range p.variables {
		text = strings.ReplaceAll(text, "{{"+name+"}}", value)
	}
	return text
}

func (p player) play(name, step string) {
	p.t.Helper()
	why, rest, _ := strings.Cut(step, "\n")
	name += " (" + why + ")"
	request, expected, ok := strings.Cut(rest, "\n< ")
	if !ok {
		p.t.Fatalf("%s: no answer is expected", name)
	}
	got := p.send(request)
	lines := strings.Split(expected, "\n")
	if status, err := strconv.Atoi(strings.TrimSpace(lines[0])); err != nil || got.status != status {
		p.t.Fatalf("%s: %d %s\n%s", name, got.status, got.text, p.w.log)
	}
	var events []string
	i := 1
	for ; i < len(lines) && strings.HasPrefix(lines[i], "< "); i++ {
		if event, ok := strings.CutPrefix(lines[i], "< told "); ok {
			events = append(events, event)
		} else {
			p.check(name, lines[i][2:], got)
		}
	}
	var told []string
	for _, e := range p.w.told() {
		told = append(told, describe(e))
	}
	for n := range events {
		events[n] = p.fill(events[n])
	}
	if !reflect.DeepEqual(events, told) {
		p.t.Errorf("%s: told\n%s\nnot\n%s", name, strings.Join(told, "\n"), strings.Join(events, "\n"))
	}
	p.compare(name, strings.TrimSpace(strings.Join(lines[i:], "\n")), got)
}

func (p player) send(request string) asked {
	head, body, _ := strings.Cut(request, "\n\n")
	lines := strings.Split(p.fill(head), "\n")
	method, path, _ := strings.Cut(lines[0], " ")
	var header []string
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ": ")
		header = append(header, name, value)
	}
	return p.w.ask(p.token, method, strings.NewReplacer(" ", "%20", `"`, "%22").Replace(path), strings.TrimSpace(p.fill(body)), header...)
}

func (p player) check(name, line string, got asked) {
	p.t.Helper()
	if let, ok := strings.CutPrefix(line, "let "); ok {
		variable, attribute, _ := strings.Cut(let, " = ")
		var o map[string]any
		_ = json.Unmarshal([]byte(got.text), &o)
		p.variables[variable], _ = o[attribute].(string)
		return
	}
	header, want, _ := strings.Cut(line, ": ")
	if got.header.Get(header) != p.fill(want) {
		p.t.Errorf("%s: %s is %q, not %q", name, header, got.header.Get(header), p.fill(want))
	}
}

func (p player) compare(name, expected string, got asked) {
	p.t.Helper()
	if expected == "" {
		if got.text != "" {
			p.t.Errorf("%s: %s", name, got.text)
		}
		return
	}
	var want, is any
	if err := json.Unmarshal([]byte(p.fill(expected)), &want); err != nil {
		p.t.Fatalf("%s: the expectation is no JSON: %v", name, err)
	}
	if err := json.Unmarshal([]byte(got.text), &is); err != nil {
		p.t.Fatalf("%s: %v in %s", name, err, got.text)
	}
	if fault := differs(want, is); fault != "" {
		p.t.Errorf("%s: %s in\n%s", name, fault, got.text)
	}
	if got.header.Get("Content-Type") != "application/scim+json" {
		p.t.Errorf("%s: %s", name, got.header.Get("Content-Type"))
	}
}

// differs says where a value is not what is wanted of it.
func differs(want, is any) string {
	switch wanted := want.(type) {
	case map[string]any:
		o, ok := is.(map[string]any)
		if !ok {
			return fmt.Sprintf("%v is no object", is)
		}
		for name, value := range wanted {
			inside, there := o[name]
			if fault := differs(value, inside); fault != "" || value != nil && !there {
				return name + ": " + fault
			}
		}
		return ""
	case []any:
		list, ok := is.([]any)
		if !ok || len(list) != len(wanted) {
			return fmt.Sprintf("%v is no list of %d", is, len(wanted))
		}
		for i := range wanted {
			if fault := differs(wanted[i], list[i]); fault != "" {
				return fault
			}
		}
		return ""
	}
	if want == "*" && is != nil || reflect.DeepEqual(want, is) {
		return ""
	}
	return fmt.Sprintf("%v is not %v", is, want)
}

// describe is an event in a line.
func describe(e lifecycle.Event) string {
	switch e.Kind { //nolint:exhaustive // SCIM tells of no others
	case lifecycle.KindPerson:
		return fmt.Sprintf("person %s %s %s", e.Person.ID, e.Person.Status, e.Person.Person)
	case lifecycle.KindMember:
		word := "in"
		if !e.Member.In {
			word = "out"
		}
		return fmt.Sprintf("member %s %s %s", e.Member.Person, word, e.Member.Group)
	case lifecycle.KindGroup:
		if e.Group.Gone {
			return fmt.Sprintf("group %s gone", e.Group.ID)
		}
		return fmt.Sprintf("group %s %s", e.Group.ID, e.Group.Name)
	}
	return string(e.Kind)
}
