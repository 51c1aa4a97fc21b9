package yamlfile

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/federation"
)

// Remark is a finding of [federation.Revision.Lint] at its place in the file.
type Remark struct {
	Fault
	Code     string
	Severity federation.Severity
	Accepted string // why the file accepts it; "": it does not
}

func (r Remark) String() string {
	if r.Accepted != "" {
		return fmt.Sprintf("%d:%d: accepted: %s: %s; because %s", r.Line, r.Column, r.Code, r.Cause, r.Accepted)
	}
	return fmt.Sprintf("%d:%d: %s: %s: %s; %s", r.Line, r.Column, r.Severity, r.Code, r.Cause, r.Fix)
}

// The findings that only a file can have.
const (
	AllowUnused        = "allow_unused"
	AllowWithoutReason = "allow_without_reason"
)

// Review reads a federation as [Parse] does, and looks at one without faults a
// second time. A finding that is meant is accepted where it stands, by a comment on
// its line or above it: # sso-check: allow CODE because REASON.
func Review(text []byte, dir fs.FS, options federation.Options, lint federation.LintOptions) (federation.Revision, []Fault, []Remark) {
	revision, r, faults := parse(text, dir, options)
	if len(faults) > 0 {
		return revision, faults, nil
	}
	allowed := allowances(text)
	var remarks []Remark
	for _, finding := range revision.Lint(lint) {
		node := r.nearest(finding.Path)
		remark := Remark{Fault: Fault{node.Line, node.Column, finding.Cause, finding.Fix}, Code: finding.Code, Severity: finding.Severity}
		if a := allowed.of(node.Line, finding.Code); a != nil {
			remark.Accepted, a.used = a.because, true
		}
		remarks = append(remarks, remark)
	}
	remarks = append(remarks, allowed.remarks()...)
	slices.SortStableFunc(remarks, func(a, b Remark) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return revision, nil, remarks
}

// allowance is one comment that accepts a finding, with the line that it is for:
// its own, or the first one below that is no comment.
type allowance struct {
	line, column, target int
	code, because        string
	used                 bool
}

type allowanceList []*allowance

func allowances(text []byte) allowanceList {
	comment := regexp.MustCompile(`#\s*sso-check:\s*allow\s+(\w+)(?:\s+because\s+(\S.*))?`)
	var list, waiting allowanceList
	number := 0
	for line := range bytes.Lines(text) {
		number++
		trimmed := strings.TrimSpace(string(line))
		if match := comment.FindSubmatchIndex(line); match != nil {
			a := &allowance{line: number, column: match[0] + 1, target: number, code: string(line[match[2]:match[3]])}
			if match[4] >= 0 {
				a.because = strings.TrimSpace(string(line[match[4]:match[5]]))
			}
			list = append(list, a)
			if strings.HasPrefix(trimmed, "#") {
				waiting = append(waiting, a)
			}
		}
		if trimmed == "" || strings.HasPrefix(trimmed, "#") {
			continue
		}
		for _, a := range waiting {
			a.target = number
		}
		waiting = nil
	}
	return list
}

// of is the one that accepts a finding of this code in this line. Without a reason
// it accepts nothing.
func (l allowanceList) of(line int, code string) *allowance {
	i := slices.IndexFunc(l, func(a *allowance) bool { return a.target == line && a.code == code && a.because != "" })
	if i < 0 {
		return nil
	}
	return l[i]
}

// remarks are what is wrong with the comments themselves.
func (l allowanceList) remarks() []Remark {
	var list []Remark
	for _, a := range l {
		switch {
		case a.because == "":
			list = append(list, Remark{Fault{a.line, a.column, "allow " + a.code + " says no reason, and so accepts nothing", "write # sso-check: allow " + a.code + " because REASON"}, AllowWithoutReason, federation.Warning, ""})
		case !a.used:
			list = append(list, Remark{Fault{a.line, a.column, "there is no " + a.code + " here to accept", "remove the comment, or put it on or above the line that the finding names"}, AllowUnused, federation.Warning, ""})
		}
	}
	return list
}
