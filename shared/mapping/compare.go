package mapping

import (
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
)

// fact is what a key stands for, for this person and hour.
type fact struct {
	name    string              // of the attribute
	values  federation.Values   // as they came
	some    []*federation.Value // those that are not empty
	unknown bool                // there are values, and they were not sent
}

func known(values ...string) *fact {
	f := &fact{values: federation.ValuesOf(values...)}
	for _, v := range values {
		if v != "" {
			f.some = append(f.some, federation.ValueOf(v))
		}
	}
	return f
}

// circumstances are the facts that no attribute holds, and which attribute is
// unknown. The time is whole seconds, as rules and traces write it.
func (d *decision) circumstances() {
	d.subject, d.sourceIP = known(d.who.Subject()), known()
	d.currentTime = known(d.at.Now.UTC().Truncate(time.Second).Format(time.RFC3339))
	if d.at.unseen {
		d.sourceIP = &fact{unknown: true}
	}
	if ip := d.at.SourceIP; ip.IsValid() {
		d.sourceIP = known(ip.Unmap().WithZone("").String())
	}
	d.trace.Groups = d.overage()
	if d.trace.Groups == "" {
		return
	}
	for _, name := range d.groupAttributes() {
		d.attributes[name] = &fact{name: name, unknown: true}
	}
}

// fact looks an attribute up once, however many rules ask for it; most ask for the
// one that the rule before asked for.
func (d *decision) fact(clause federation.Clause) *fact {
	switch clause.Fact() {
	case federation.Subject:
		return d.subject
	case federation.SourceIP:
		return d.sourceIP
	case federation.CurrentTime:
		return d.currentTime
	case federation.Attribute:
	}
	if d.last == nil || d.last.name != clause.Attribute() {
		d.last = d.attribute(clause.Attribute())
	}
	return d.last
}

func (d *decision) attribute(name string) *fact {
	f, ok := d.attributes[name]
	if !ok {
		f = known(d.who.Attribute(name)...)
		f.name = name
		d.attributes[name] = f
	}
	return f
}

// passes has the meaning of RAM's operators but for what the package comment makes
// stricter. What is unknown passes nothing, not even IfExists and Null: it exists,
// and nobody knows what it is.
func (f *fact) passes(clause federation.Clause) bool {
	switch {
	case f.unknown:
		return false
	case len(f.some) == 0:
		return clause.HoldsWithout()
	}
	every := clause.Every()
	for _, value := range f.some {
		if clause.Wants(value) != every {
			return !every
		}
	}
	return every
}
