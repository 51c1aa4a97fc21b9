package validate

import (
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// Outcome is what became of one check.
type Outcome string

// The outcomes.
const (
	Holds    Outcome = "holds"
	Fails    Outcome = "fails"
	NotAsked Outcome = "not_asked" // a check before it failed on which it stands, or it would use something up
)

// Finding is one row of a report.
type Finding struct {
	Number  int
	Name    string
	Outcome Outcome
	Code    reason.Code // of a check that fails
	Detail  string
}

// Report says of one message what every check says. It is for the operator:
// where the signature failed, the later rows judge what the document claims.
type Report struct {
	Verdict  reason.Code // of the first check that fails; "" if none does
	Findings []Finding
	Warnings []string
	SHA256   string
}

// Explain walks the table of [Guard.Response] to its end, without using
// anything up and without ever making an identity.
func (g Guard) Explain(record trust.Record, want Expectation, encoded string) (Report, error) {
	t, err := g.trial(record, want, encoded)
	if err != nil {
		return Report{}, err
	}
	report := explain(t, responseChecks())
	if warning := t.certificateDates(); warning != "" {
		report.Warnings = []string{warning}
	}
	return report, nil
}

// explain walks a table to its end.
func explain[T judged](t T, table []check[T]) Report {
	report := Report{SHA256: MessageSHA256(t.reached().encoded)}
	for _, check := range table {
		finding := find(t, check)
		if finding.Outcome == Fails && report.Verdict == "" {
			report.Verdict = finding.Code
		}
		report.Findings = append(report.Findings, finding)
	}
	return report
}

func find[T judged](t T, c check[T]) Finding {
	finding := Finding{Number: c.number, Name: c.name, Outcome: NotAsked}
	if c.needs&^t.reached().has != 0 {
		return finding
	}
	err := c.demand(t)
	if err == nil {
		finding.Outcome = Holds
		return finding
	}
	finding.Outcome, finding.Code, finding.Detail = Fails, reason.Of(err), err.Error()
	return finding
}
