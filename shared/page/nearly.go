package page

import (
	"cmp"
	"html/template"
	"strings"
)

// Nearly is a row of [Roles] that cannot be taken: a role for which the person lacks
// something, which its rule may tell them.
type Nearly struct {
	Account, AccountID string
	Name, Rule         string
	Needs              []Need
}

// Need is one thing that is missing.
type Need struct {
	Kind      string   // a mapping.LackKind
	Attribute string   // what it is about, where that may be told
	Values    []string // of which one is needed
	More      int      // of these that are not named
}

// Nearly writes the rows of what is nearly had.
func (f *frame) Nearly(list []Nearly) template.HTML {
	var w markup
	for _, n := range list {
		w.put("<li")
		w.attribute("data-find", n.Account+" "+n.AccountID)
		w.put("><div><b>")
		w.value(cmp.Or(n.Account, n.AccountID) + " · " + n.Name)
		w.put("</b><p>")
		if n.Rule != "" {
			w.put("<i>")
			w.value(n.Rule)
			w.put("</i> · ")
		}
		w.value(f.needs(n.Needs))
		w.put("</p></div></li>\n")
	}
	return w.html()
}

func (f *frame) needs(all []Need) string {
	texts := make([]string, 0, len(all))
	for _, n := range all {
		texts = append(texts, f.need(n))
	}
	return strings.Join(texts, " · ")
}

func (f *frame) need(n Need) string {
	switch n.Kind {
	case "value":
		return f.T("need.value", n.Attribute, f.choice(n.Values, n.More))
	case "unsent":
		return f.T("need.unsent", n.Attribute)
	case "network":
		return f.T("need.network")
	case "time":
		return f.T("need.time")
	}
	return f.T("need.other")
}

// choice writes “a”, “b” or “c”; of a longer one how many more there are.
func (f *frame) choice(values []string, more int) string {
	var all []string
	for _, v := range values {
		all = append(all, "“"+v+"”")
	}
	if more > 0 {
		all = append(all, f.N("need.more", more))
	}
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	last := len(all) - 1
	return strings.Join(all[:last], f.T("need.comma")) + f.T("need.or") + all[last]
}
