package mapping

import (
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
)

// fact is what a key stands for, for this person and hour.
type fact struct {
	values  federation.Values
	some    bool // there is a value that is not empty
	unknown bool // there are values, and they were not sent
}

func known(values ...string) fact {
	f := fact{values: federation.ValuesOf(values...)}
	for _, v := range values {
		f.some = f.some || v != ""
	}
	return f
}

// circumstances are the facts that no attribute holds, and which attribute is
// unknown. The time is whole seconds, as rules and traces write it.
func (d *decision) circumstances() {
	d.subject = known(d.who.Subject())
	d.currentTime = known(d.at.Now.UTC().Truncate(time.Second).Format(time.RFC3339))
	if ip := d.at.SourceIP; ip.IsValid() {
		d.sourceIP = known(ip.Unmap().WithZone("").String())
	}
	d.trace.Groups = d.overage()
	if d.trace.Groups == "" {
		return
	}
	for _, name := range d.groupAttributes() {
		d.attributes[name] = fact{unknown: true}
	}
}

// fact looks an attribute up once, however many rules ask for it.
func (d *decision) fact(clause federation.Clause) fact {
	switch clause.Fact() {
	case federation.Subject:
		return d.subject
	case federation.SourceIP:
		return d.sourceIP
	case federation.CurrentTime:
		return d.currentTime
	case federation.Attribute:
	}
	f, ok := d.attributes[clause.Attribute()]
	if !ok {
		f = known(d.who.Attribute(clause.Attribute())...)
		d.attributes[clause.Attribute()] = f
	}
	return f
}

// compare has the meaning of RAM's operators but for what the package comment
// makes stricter. What is unknown passes nothing, not even IfExists and Null: it
// exists, and nobody knows what it is.
func (d *decision) compare(clause federation.Clause) Condition {
	f := d.fact(clause)
	return Condition{clause, f.values, f.unknown, !f.unknown && f.passes(clause)}
}

func (f fact) passes(clause federation.Clause) bool {
	if !f.some {
		return clause.HoldsWithout()
	}
	every := clause.Every()
	for value := range f.values.All() {
		if value != "" && clause.Wants(value) != every {
			return !every
		}
	}
	return every
}
