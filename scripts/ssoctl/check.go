package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/federation/yamlfile"
	"github.com/fc-sso/fc-sso/shared/ram"
)

const checkUsage = "write ssoctl check -f FILE [-o json] [-strict] [-role-max ROLE=DURATION]"

// checkWish is what check was asked for.
type checkWish struct {
	file     string
	json     bool
	strict   bool // warnings fail too
	maximums map[ram.RoleARN]time.Duration
}

// check is apply without a deployment, and a second look at what has no faults.
func (p program) check(args []string) error {
	wish, err := parseCheck(args)
	if err != nil {
		return err
	}
	text, dir, err := open(wish.file)
	if err != nil {
		return err
	}
	local, _ := p.lookup("SSO_LOCAL_STACK")
	revision, faults, remarks := yamlfile.Review(text, dir,
		federation.Options{AllowLoopback: local == "1"}, federation.LintOptions{Now: p.now(), Maximums: wish.maximums})
	if wish.json {
		return p.checkedJSON(wish, faults, remarks)
	}
	if err := p.tell(wish.file, faults); err != nil {
		return err
	}
	for _, remark := range remarks {
		p.say("%s:%s\n", wish.file, remark)
	}
	p.say("%s: no faults: %s\n", wish.file, summary(revision))
	p.notInEffect(revision)
	return wish.verdict(remarks)
}

// verdict fails on what nobody can have meant; with -strict also on warnings.
func (w checkWish) verdict(remarks []yamlfile.Remark) error {
	failing := 0
	for _, r := range remarks {
		if r.Accepted == "" && (r.Severity == federation.Error || w.strict && r.Severity == federation.Warning) {
			failing++
		}
	}
	if failing == 0 {
		return nil
	}
	return wrong("%s has %s; mend them, or accept one where it stands: # sso-check: allow CODE because REASON", w.file, count(failing, "finding"))
}

func parseCheck(args []string) (checkWish, error) {
	wish := checkWish{maximums: map[ram.RoleARN]time.Duration{}}
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&wish.file, "f", "", "federation file")
	flags.BoolVar(&wish.strict, "strict", false, "fail on warnings too")
	output := flags.String("o", "text", "text or json")
	flags.Func("role-max", "ROLE=DURATION", wish.roleMaximum)
	err := flags.Parse(args)
	switch {
	case err != nil:
		return checkWish{}, wrong("check: %w; %s", err, checkUsage)
	case flags.NArg() > 0:
		return checkWish{}, wrong("check: what is %q for? %s", flags.Arg(0), checkUsage)
	case wish.file == "":
		return checkWish{}, wrong("check: no file; %s", checkUsage)
	case *output != "text" && *output != "json":
		return checkWish{}, wrong("check: there is no output %q; %s", *output, checkUsage)
	}
	wish.json = *output == "json"
	return wish, nil
}

func (w checkWish) roleMaximum(text string) error {
	arn, span, _ := strings.Cut(text, "=")
	role, err := ram.ParseRoleARN(arn)
	if err != nil {
		return err
	}
	most, err := time.ParseDuration(span)
	if err != nil || most < federation.MinDuration || most > federation.MaxDuration {
		return fmt.Errorf("%q is not within 15m and 12h", span)
	}
	w.maximums[role] = most
	return nil
}

// checked is what -o json prints: a line and column count from 1.
type checked struct {
	File     string           `json:"file"`
	Faults   []checkedFault   `json:"faults"`
	Findings []checkedFinding `json:"findings"`
}

type checkedFault struct {
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Cause  string `json:"cause"`
	Fix    string `json:"fix"`
}

type checkedFinding struct {
	checkedFault
	Code     string `json:"code"`
	Severity string `json:"severity"`
	Accepted string `json:"accepted,omitempty"` // why
}

// checkedJSON says all in one value, also that there is nothing to say, and fails
// as the text does, without words.
func (p program) checkedJSON(wish checkWish, faults []yamlfile.Fault, remarks []yamlfile.Remark) error {
	out := checked{File: wish.file, Faults: []checkedFault{}, Findings: []checkedFinding{}}
	for _, f := range faults {
		out.Faults = append(out.Faults, checkedFault(f))
	}
	for _, r := range remarks {
		out.Findings = append(out.Findings, checkedFinding{checkedFault(r.Fault), r.Code, string(r.Severity), r.Accepted})
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	p.say("%s\n", text)
	if len(faults) > 0 || wish.verdict(remarks) != nil {
		return wrongError{errors.New("")}
	}
	return nil
}
