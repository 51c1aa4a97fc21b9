package difference

import (
	"fmt"
	"strings"
)

// Text is the difference for a person: a group for each section of the file, a
// mark before each entry (+ - ~ and > for what only moved), ! before what asks for
// a second look, and a summary at the end.
func (d Difference) Text() string {
	var b strings.Builder
	for _, group := range d.groups() {
		if len(group.changes) == 0 {
			continue
		}
		fmt.Fprintf(&b, "%s\n", group.title)
		for _, c := range group.changes {
			c.write(&b)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "%s\n", d.Summary())
	return b.String()
}

type group struct {
	title   string
	changes []Change
}

func (d Difference) groups() []group {
	return []group{{"identity providers", d.IdentityProviders}, {"accounts", d.Accounts}, {"rules", d.Rules}}
}

func (c Change) write(b *strings.Builder) {
	marks := map[Kind]string{Added: "+", Removed: "-", Changed: "~", Moved: ">"}
	fmt.Fprintf(b, "  %s %s", marks[c.Kind], plain(c.Name))
	if c.Place != "" {
		fmt.Fprintf(b, ": moved, %s", c.Place)
	}
	b.WriteString("\n")
	for _, f := range c.Fields {
		f.write(b, c.Kind)
	}
	for _, d := range c.Danger {
		fmt.Fprintf(b, "      ! %s\n", d)
	}
}

func (f Field) write(b *strings.Builder, kind Kind) {
	if kind == Added {
		fmt.Fprintf(b, "      %s: %s\n", plain(f.Path), plain(f.New))
		return
	}
	if len(f.less)+len(f.more) > 0 {
		fmt.Fprintf(b, "      %s:\n", plain(f.Path))
		for _, v := range f.less {
			fmt.Fprintf(b, "        - %s\n", plain(v))
		}
		for _, v := range f.more {
			fmt.Fprintf(b, "        + %s\n", plain(v))
		}
		return
	}
	fmt.Fprintf(b, "      %s: %s -> %s\n", plain(f.Path), orNone(f.Old), orNone(f.New))
}

func orNone(text string) string {
	if text == "" {
		return "(none)"
	}
	return plain(text)
}

// plain keeps what a file says from moving the cursor of who reads it, or from
// adding a line that nobody wrote.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x2028 || r == 0x2029 {
			return '\uFFFD'
		}
		return r
	}, text)
}

// Summary is one line.
func (d Difference) Summary() string {
	if d.IsZero() {
		return "no change"
	}
	count := map[Kind]int{}
	for _, g := range d.groups() {
		for _, c := range g.changes {
			count[c.Kind]++
		}
	}
	var parts []string
	for _, kind := range []Kind{Added, Changed, Removed, Moved} {
		if n := count[kind]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, kind))
		}
	}
	line := strings.Join(parts, ", ")
	if n := d.Dangers(); n > 0 {
		line += fmt.Sprintf("; %d to look at twice (!)", n)
	}
	return line
}
