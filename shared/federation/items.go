package federation

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// Item is one stored part of a revision: an identity provider, an account or a
// rule, a row each, so that a reader may fetch what it needs.
type Item struct {
	ID   string
	Body []byte
}

// row is the body of an item: its place in the file, and one of the parts.
type row struct {
	Order            int           `json:"order"`
	IdentityProvider *trust.Source `json:"identityProvider,omitempty"`
	Account          *AccountDraft `json:"account,omitempty"`
	Rule             *RuleDraft    `json:"rule,omitempty"`
}

const idHexDigits = 16

// Items are the rows to store, ordered by ID. A federation that declares nothing
// has none.
func (r Revision) Items() []Item {
	items := slices.Clone(r.items)
	for i := range items {
		items[i].Body = bytes.Clone(items[i].Body)
	}
	return items
}

// FromItems makes the revision of stored rows, whatever their order. Its ID is
// computed from them anew: a reader that got other rows than it asked for sees it
// by the ID.
func FromItems(items []Item) (Revision, error) {
	items = slices.Clone(items)
	slices.SortFunc(items, byID)
	draft, err := draftOf(items)
	if err != nil {
		return Revision{}, reason.New(reason.ConfigurationInvalid, "stored federation: %w", err)
	}
	// Whether loopback was meant was asked when the file was applied.
	r, problems := compile(draft, Options{AllowLoopback: true})
	if len(problems) > 0 {
		return Revision{}, reason.New(reason.ConfigurationInvalid, "stored federation: %s: %s", problems[0].Path, problems[0].Cause)
	}
	r.items, r.id = items, hash(items)
	return r, nil
}

func byID(a, b Item) int { return strings.Compare(a.ID, b.ID) }

func itemsOf(d Draft) ([]Item, error) {
	var items []Item
	add := func(id string, r row) error {
		body, err := encode(r)
		items = append(items, Item{id, body})
		return err
	}
	var errs []error
	for i := range d.IdentityProviders {
		errs = append(errs, add("idp/"+d.IdentityProviders[i].ID, row{Order: i, IdentityProvider: &d.IdentityProviders[i]}))
	}
	for i := range d.Accounts {
		errs = append(errs, add("account/"+d.Accounts[i].ID, row{Order: i, Account: &d.Accounts[i]}))
	}
	for i := range d.Rules {
		errs = append(errs, add(fmt.Sprintf("rule/%05d", i), row{Order: i, Rule: &d.Rules[i]}))
	}
	slices.SortFunc(items, byID)
	return items, errors.Join(errs...)
}

func draftOf(items []Item) (Draft, error) {
	var d Draft
	var rows []row
	for _, item := range items {
		r, err := decode(item.Body)
		if err != nil {
			return Draft{}, fmt.Errorf("row %q: %w", item.ID, err)
		}
		rows = append(rows, r)
	}
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
func decode(body []byte) (row, error) {
	var r row
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return row{}, fmt.Errorf("decode: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return row{}, errors.New("more than one JSON value")
	}
	return r, nil
}

func hash(items []Item) string {
	h := sha256.New()
	for _, item := range items {
		h.Write(fmt.Appendf(nil, "%d %s %d ", len(item.ID), item.ID, len(item.Body)))
		h.Write(item.Body)
	}
	return hex.EncodeToString(h.Sum(nil))[:idHexDigits]
}
