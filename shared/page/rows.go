package page

import (
	"cmp"
	"html/template"
	"net/url"
	"strings"
	"time"
)

// Account is one account of [Roles] with its roles.
type Account struct {
	Alias, ID string
	Roles     []Role
}

// name is what people call the account.
func (a Account) name() string { return cmp.Or(a.Alias, a.ID) }

// Role is one row of [Roles].
type Role struct {
	Name, ARN string
	Link      string // its deep link, which opens the console
	Rule      string // name of the rule that grants it
	Length    Length
	Favourite bool

	Account, AccountID string // where a row stands outside its account
}

// RolePlace is the fragment of the roles page's address at which the row of a role
// stands.
func RolePlace(arn string) string { return "#" + url.PathEscape(placeOf(arn)) }

// placeOf is the row's ID: all of the ARN that differs.
func placeOf(arn string) string {
	return strings.Replace(strings.TrimPrefix(arn, "acs:ram::"), ":role/", "-", 1)
}

// rows writes the rows of one page. All that they share is looked up once.
type rows struct {
	markup

	f                              *frame
	console, keys                  string
	consoleOf, keysOf, favouriteOf naming
	spans                          map[time.Duration]string
	whys                           map[Length]string
	starless                       bool
}

func (f *frame) rows() *rows {
	list, _ := f.View.(Roles)
	return &rows{
		f: f, spans: map[time.Duration]string{}, whys: map[Length]string{}, starless: list.Fleeting,
		console: f.T("roles.console"), keys: f.T("roles.keys"),
		consoleOf: cutNaming(f.T("roles.console.of")), keysOf: cutNaming(f.T("roles.keys.of")), favouriteOf: cutNaming(f.T("roles.favourite.of")),
	}
}

const (
	aRow   = 640      // about as long as a row is
	aPiece = 16 << 10 // a piece of HTML, before another is begun: what is much longer, templates copy at great cost
)

// InAccounts writes a section for each account.
func (f *frame) InAccounts(accounts []Account) []template.HTML {
	var pieces []template.HTML
	w := f.rows()
	for _, a := range accounts {
		if w.b.Len() >= aPiece {
			pieces = append(pieces, w.html())
		}
		if w.b.Len() == 0 {
			w.b.Grow(aPiece + len(a.Roles)*aRow)
		}
		w.put(`<section class="account"`)
		w.attribute("aria-labelledby", "a"+a.ID)
		w.put("><h2")
		w.attribute("id", "a"+a.ID)
		w.put("><span>")
		w.value(a.name())
		w.put("</span>")
		if a.Alias != "" {
			w.put(" <code>")
			w.value(a.ID)
			w.put("</code>")
		}
		w.put("</h2>\n<ul class=\"roles\">\n")
		for _, r := range a.Roles {
			w.put("<li")
			w.attribute("id", placeOf(r.ARN))
			w.put("><div><b>")
			w.value(r.Name)
			w.row(r, a.name())
		}
		w.put("</ul></section>\n")
	}
	return append(pieces, w.html())
}

// Outside writes rows that stand outside their accounts, which they name.
func (f *frame) Outside(roles []Role) template.HTML {
	w := f.rows()
	for _, r := range roles {
		account := cmp.Or(r.Account, r.AccountID)
		w.put("<li")
		w.attribute("data-find", r.Account+" "+r.AccountID)
		w.put("><div><b>")
		w.value(account + " · " + r.Name)
		w.row(r, account)
	}
	return w.html()
}

// row ends a row behind the role's name: what it is, and what can be done with it.
func (w *rows) row(r Role, account string) {
	w.put("</b><p><span>")
	w.value(w.lasts(r.Length.Lasts))
	w.put("</span>")
	if r.Rule != "" {
		w.put(" · <i>")
		w.value(r.Rule)
		w.put("</i>")
	}
	if r.Length.Cut() {
		w.put(" · ")
		w.value(w.why(r.Length))
	}
	w.put("</p></div><a")
	w.link(r.Link)
	w.label(w.consoleOf, r.Name, account)
	w.put(">")
	w.value(w.console)
	w.put(`</a><button name="role"`)
	w.attribute("value", r.ARN)
	w.label(w.keysOf, r.Name, account)
	w.put(">")
	w.value(w.keys)
	w.put("</button>")
	if !w.starless {
		w.star(r, account)
	}
	w.put("</li>\n")
}

// star keeps a role among the favourites, or no longer: the button says which, so that
// to press it twice is to press it once.
func (w *rows) star(r Role, account string) {
	if r.Favourite {
		w.put(`<button formaction="/favourite" aria-pressed="true" name="off"`)
	} else {
		w.put(`<button formaction="/favourite" aria-pressed="false" name="on"`)
	}
	w.attribute("value", r.ARN)
	w.label(w.favouriteOf, r.Name, account)
	w.put("></button>")
}

// lasts says how long: most roles of a list last equally long.
func (w *rows) lasts(d time.Duration) string {
	s, ok := w.spans[d]
	if !ok {
		s = w.f.T("roles.duration", w.f.Span(d))
		w.spans[d] = s
	}
	return s
}

// why says what cut a length, which few things do.
func (w *rows) why(l Length) string {
	s, ok := w.whys[l]
	if !ok {
		s = w.f.Why(l)
		w.whys[l] = s
	}
	return s
}

// naming is a text round the names of a role and an account.
type naming struct{ before, between, after string }

func cutNaming(text string) naming {
	before, rest, _ := strings.Cut(text, "%s")
	between, after, _ := strings.Cut(rest, "%s")
	return naming{before, between, after}
}

// label writes aria-label.
func (w *rows) label(n naming, role, account string) {
	w.put(` aria-label="`)
	for _, part := range [...]string{n.before, role, n.between, account, n.after} {
		w.value(part)
	}
	w.put(`"`)
}
