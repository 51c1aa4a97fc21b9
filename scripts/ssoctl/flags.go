package main

import (
	"encoding/json"
	"flag"
	"io"
)

// flags are those of one command, whose mistakes are told in one line that says
// how to write it.
type flags struct {
	*flag.FlagSet
	command, form string
}

func newFlags(command, form string) flags {
	set := flag.NewFlagSet(command, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	return flags{set, command, form}
}

func (f flags) file() *string { return f.String("f", "", "federation file") }

func (f flags) output() *string { return f.String("o", "text", "text or json") }

// parse takes flags alone.
func (f flags) parse(args []string) error {
	if err := f.Parse(args); err != nil {
		return wrong("%s: %w; write ssoctl %s %s", f.command, err, f.command, f.form)
	}
	if f.NArg() > 0 {
		return wrong("%s: what is %q for? write ssoctl %s %s", f.command, f.Arg(0), f.command, f.form)
	}
	return nil
}

// parseWith takes one word too, before or after the flags.
func (f flags) parseWith(args []string) (string, error) {
	if err := f.Parse(args); err != nil {
		return "", wrong("%s: %w; write ssoctl %s %s", f.command, err, f.command, f.form)
	}
	word := f.Arg(0)
	if f.NArg() > 1 {
		return word, f.parse(f.Args()[1:])
	}
	return word, nil
}

// parseWords takes some words too, before, between or after the flags.
func (f flags) parseWords(args []string, most int) ([]string, error) {
	var words []string
	for {
		if err := f.Parse(args); err != nil {
			return nil, wrong("%s: %w; write ssoctl %s %s", f.command, err, f.command, f.form)
		}
		if f.NArg() == 0 {
			return words, nil
		}
		if len(words) == most {
			return nil, wrong("%s: what is %q for? write ssoctl %s %s", f.command, f.Arg(0), f.command, f.form)
		}
		words, args = append(words, f.Arg(0)), f.Args()[1:]
	}
}

func (f flags) needFile(file string) error {
	if file == "" {
		return wrong("%s: no file; write ssoctl %s %s", f.command, f.command, f.form)
	}
	return nil
}

func (f flags) needOutput(output string) error {
	if output != "text" && output != "json" {
		return wrong("%s: there is no output %q; write -o text or -o json", f.command, output)
	}
	return nil
}

func (p program) sayJSON(v any) error {
	encoder := json.NewEncoder(p.stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}
