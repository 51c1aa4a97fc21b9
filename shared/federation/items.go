package federation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// Item is one stored row of a revision. Proof says that it belongs to the
// revision of this ID and no other, so that a reader may fetch what it needs and
// knows all the same what it has.
type Item struct {
	ID    string
	Body  []byte
	Proof []byte
}

// The rows of a revision, by the beginning of their IDs: a source and parts for
// each identity provider, which are all that a sign-in there asks for; accounts;
// an index of the identity providers for whoever has to choose one; and a row for
// each issuer of ID tokens, for a token comes without the name of its record.
const (
	rowsOfIdP      = "idp/"
	sourceRow      = "/source"
	partRow        = "/part/"
	rowsOfAccounts = "account/"
	rowsOfIndex    = "index/"
	rowsOfIssuers  = "issuer/"
)

// Rows are cut here: far below Tablestore's 2 MB, and few for who reads them.
const partBytes = 256 << 10

// row is the body of an item. Order is the place in the file, or among the cuts
// of one list.
type row struct {
	Order            int           `json:"order"`
	IdentityProvider *trust.Source `json:"identityProvider,omitempty"`
	Account          *AccountDraft `json:"account,omitempty"`
	Rule             *RuleDraft    `json:"rule,omitempty"`
	// Of an account with userSSO, with the order alone: the identity providers whose rules
	// make people users of it. Rows from before that was so lack it, and not only the names.
	Users []string `json:"users,omitzero"`

	// Of a source: how many parts it has. Of the index: how many rows.
	Of int `json:"of,omitempty"`
	// Part has rules of one identity provider and the accounts that they name.
	Part  []row    `json:"part,omitempty"`
	Index []Listed `json:"index,omitempty"`
	// Of an issuer: its name as tokens have it, and the records that believe it.
	Issuer   string     `json:"issuer,omitempty"`
	Trusting []Trusting `json:"trusting,omitempty"`
}

// Listed is what a person who has to choose an identity provider needs of it.
type Listed struct {
	ID           string     `json:"id"`
	DisplayName  string     `json:"displayName"`
	Kind         trust.Kind `json:"kind"`
	EmailDomains []string   `json:"emailDomains,omitempty"`
	Suspended    bool       `json:"suspended,omitempty"`
	// Login says that people may sign in by OpenID Connect. Rows from before that was
	// so lack it: nobody did.
	Login bool `json:"login,omitempty"`
}

// WayIn says whether people can sign in there at the moment: by SAML always, by
// OpenID Connect where it has a login.
func (l Listed) WayIn() bool { return !l.Suspended && (l.Kind == trust.KindSAML || l.Login) }

// Trusting is a record that believes an issuer, and whom a token must be for. No
// other record of the issuer has one of its audiences.
type Trusting struct {
	ID        string   `json:"id"`
	Audiences []string `json:"audiences"`
}

// Items are the rows to store, ordered by ID.
func (r Revision) Items() []Item {
	items := slices.Clone(r.items)
	for i := range items {
		items[i].Body, items[i].Proof = bytes.Clone(items[i].Body), bytes.Clone(items[i].Proof)
	}
	return items
}

// FromItems makes the revision of all its stored rows, whatever their order. Its
// ID is computed from them anew: a reader that got other rows than it asked for
// sees it by the ID.
func FromItems(items []Item) (Revision, error) {
	items = slices.Clone(items)
	slices.SortFunc(items, byID)
	draft, err := draftOf(items)
	if err != nil {
		return Revision{}, broken("%w", err)
	}
	r, err := recompile(draft)
	if err != nil {
		return Revision{}, err
	}
	r.id = prove(items)
	r.items = items
	return r, nil
}

// recompile takes what was judged before. Whether loopback was meant was asked
// when the file was applied.
func recompile(draft Draft) (Revision, error) {
	r, problems := compile(draft, Options{AllowLoopback: true, stored: true})
	if len(problems) > 0 {
		return Revision{}, broken("%s: %s", problems[0].Path, problems[0].Cause)
	}
	return r.Revision, nil
}

// broken is a stored federation that is not what ssoctl writes.
func broken(format string, args ...any) error {
	return reason.New(reason.ConfigurationInvalid, "stored federation: "+format, args...)
}

func byID(a, b Item) int { return strings.Compare(a.ID, b.ID) }

// itemsOf writes a draft. named are, for each identity provider, the places of
// the accounts that its rules name.
func itemsOf(d Draft, named map[string]map[int]bool) ([]Item, error) {
	w := writer{draft: d, rules: map[string][]row{}}
	for i := range d.Rules {
		idp := d.Rules[i].IdP
		w.rules[idp] = append(w.rules[idp], row{Order: i, Rule: &d.Rules[i]})
	}
	for i := range d.IdentityProviders {
		w.identityProvider(i, slices.Sorted(maps.Keys(named[d.IdentityProviders[i].ID])))
	}
	w.accounts()
	w.index()
	w.issuers()
	slices.SortFunc(w.items, byID)
	return w.items, errors.Join(w.errs...)
}

type writer struct {
	draft Draft
	rules map[string][]row // by identity provider
	items []Item
	errs  []error
}

func (w *writer) add(id string, r row) {
	body, err := encode(r)
	w.items, w.errs = append(w.items, Item{ID: id, Body: body}), append(w.errs, err)
}

func (w *writer) identityProvider(i int, accounts []int) {
	s := &w.draft.IdentityProviders[i]
	rows := w.rules[s.ID]
	for _, n := range accounts {
		account := w.draft.Accounts[n].only(s.ID)
		rows = append(rows, row{Order: n, Account: &account})
	}
	parts := cut(w, rows)
	for n, part := range parts {
		w.add(fmt.Sprintf("%s%s%s%05d", rowsOfIdP, s.ID, partRow, n), row{Order: n, Part: part})
	}
	w.add(SourceRow(s.ID), row{Order: i, IdentityProvider: s, Of: len(parts)})
}

func (w *writer) accounts() {
	for i := range w.draft.Accounts {
		a := &w.draft.Accounts[i]
		r := row{Order: i, Account: a}
		if a.UserSSO != nil {
			r.Users = w.usersOf(a.ID)
		}
		w.add(AccountRow(a.ID), r)
	}
}

// usersOf are the identity providers whose rules give users of the account, in the order
// of the file; a rule that only watches gives nobody.
func (w *writer) usersOf(account string) []string {
	ids := []string{}
	for _, s := range w.draft.IdentityProviders {
		if slices.ContainsFunc(w.rules[s.ID], func(r row) bool {
			return r.Rule.User != nil && r.Rule.User.Account == account && r.Rule.Mode != modeAudit
		}) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

func (w *writer) index() {
	var all []Listed
	for _, s := range w.draft.IdentityProviders {
		all = append(all, Listed{s.ID, s.DisplayName, s.Kind(), s.EmailDomains, s.Suspended, s.OIDC != nil && s.OIDC.Login != nil})
	}
	lists := cut(w, all)
	for n, list := range lists {
		w.add(fmt.Sprintf("%s%05d", rowsOfIndex, n), row{Order: n, Of: len(lists), Index: list})
	}
}

func (w *writer) issuers() {
	believed := map[string][]Trusting{}
	for _, s := range w.draft.IdentityProviders {
		if s.OIDC != nil {
			believed[s.OIDC.Issuer] = append(believed[s.OIDC.Issuer], Trusting{s.ID, s.OIDC.Audiences})
		}
	}
	for issuer, by := range believed {
		w.add(IssuerRow(issuer), row{Issuer: issuer, Trusting: by})
	}
}

// cut makes lists of about partBytes each.
func cut[T any](w *writer, all []T) [][]T {
	var lists [][]T
	start, size := 0, 0
	for i, v := range all {
		text, err := encode(v)
		w.errs = append(w.errs, err)
		if i > start && size+len(text) > partBytes {
			lists = append(lists, all[start:i])
			start, size = i, 0
		}
		size += len(text)
	}
	if start < len(all) {
		lists = append(lists, all[start:])
	}
	return lists
}

// only is the account as people of one identity provider need it.
func (a AccountDraft) only(idp string) AccountDraft {
	a.SAMLProviders, a.OIDCProviders = pick(a.SAMLProviders, idp), pick(a.OIDCProviders, idp)
	return a
}

func pick(m map[string]string, key string) map[string]string {
	if v, ok := m[key]; ok {
		return map[string]string{key: v}
	}
	return nil
}

// Draft is what the revision says, as written and with its defaults. A part has
// none.
func (r Revision) Draft() (Draft, error) { return draftOf(r.items) }

// draftOf reads whole revisions; parts of it say the accounts a second time, and
// the index and the issuers all identity providers.
func draftOf(items []Item) (Draft, error) {
	var rows []row
	for _, item := range items {
		r, err := decode(item)
		if err != nil {
			return Draft{}, err
		}
		switch {
		case r.Part != nil:
			rows = append(rows, slices.DeleteFunc(r.Part, func(r row) bool { return r.Account != nil })...)
		case r.Index == nil && r.Issuer == "":
			rows = append(rows, r)
		}
	}
	return assemble(rows)
}

func assemble(rows []row) (Draft, error) {
	var d Draft
	slices.SortStableFunc(rows, func(a, b row) int { return a.Order - b.Order })
	for _, r := range rows {
		switch {
		case r.IdentityProvider != nil:
			d.IdentityProviders = append(d.IdentityProviders, *r.IdentityProvider)
		case r.Account != nil:
			d.Accounts = append(d.Accounts, *r.Account)
		case r.Rule != nil:
			d.Rules = append(d.Rules, *r.Rule)
		default:
			return Draft{}, errors.New("a row holds nothing")
		}
	}
	return d, nil
}

// encode is canonical: fields in the order of their types, map keys sorted.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// decode refuses fields that it does not know: a newer version may have meant
// them as a restriction.
func decode(item Item) (row, error) {
	var r row
	decoder := json.NewDecoder(bytes.NewReader(item.Body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return row{}, fmt.Errorf("row %q: decode: %w", item.ID, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return row{}, fmt.Errorf("row %q: more than one JSON value", item.ID)
	}
	return r, nil
}
