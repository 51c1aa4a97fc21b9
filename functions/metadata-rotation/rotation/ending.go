package rotation

import (
	"crypto/x509"
	"time"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/trust"
)

const day = 24 * time.Hour

// notices are how many days before its end a certificate is told of, each once; 0:
// when it has ended.
func notices() []int { return []int{0, 1, 7, 14, 30} }

// ending is a certificate whose end somebody may have to know of.
type ending struct {
	kind   alert.Kind
	whose  string // what remembers it, in a watch
	name   string // tells it from the one that follows
	detail string // what it is
	from   time.Time
	until  time.Time
}

// told is the last notice that was given of a certificate.
type told struct {
	Certificate string `json:"certificate"`
	Days        int    `json:"days"`
}

// notice is the one that it is time for. It counts only within the last quarter of
// the certificate's life: those that live 100 days or less are renewed by programs
// when a third is left, and nobody need hear of that.
func (e ending) notice(at time.Time) (days int, due bool) {
	left, quarter := e.until.Sub(at), e.until.Sub(e.from)/4
	for _, days := range notices() {
		before := time.Duration(days) * day
		if left <= before && (days == 0 || before < quarter) {
			return days, true
		}
	}
	return 0, false
}

// tell gives the alert where the notice is another than what was told.
func (e ending) tell(about alert.About, at time.Time, before told) (now told, alerts []alert.Alert) {
	days, due := e.notice(at)
	if !due {
		return told{}, nil
	}
	now = told{e.name, days}
	if before.Certificate == now.Certificate && before.Days <= days {
		return before, nil
	}
	verb := "ends"
	if days == 0 {
		verb = "has ended"
	}
	made := alert.New(about, e.kind, at, "%s %s: %s", e.detail, verb, e.until.UTC().Format(time.RFC3339))
	if days <= 1 {
		made = made.As(alert.Critical)
	}
	return now, []alert.Alert{made}
}

// lastOf is the certificate of several that ends last. One that is followed by another
// in the metadata may end in silence: that is how it should be.
func lastOf(certificates []*x509.Certificate) []ending {
	var last *x509.Certificate
	for _, c := range certificates {
		if last == nil || c.NotAfter.After(last.NotAfter) {
			last = c
		}
	}
	if last == nil {
		return nil
	}
	return []ending{{
		alert.CertificateExpires, "published", trust.Fingerprint(last),
		"the last certificate that is published", last.NotBefore, last.NotAfter,
	}}
}

// servers are the certificates of the web servers that the source is fetched from.
func servers(chains []trust.Chain) []ending {
	var list []ending
	for _, c := range chains {
		list = append(list, ending{
			alert.HTTPSExpires, "server " + c.Host, c.NotAfter.UTC().Format(time.RFC3339),
			"the certificate of the server " + c.Host, c.NotBefore, c.NotAfter,
		})
	}
	return list
}
