package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// Subject returns what is wanted of a subject of events, such as a person, and its
// version; nil and 0 where nothing is known of them.
func (p *People) Subject(ctx context.Context, idp, kind, id string) (body []byte, version int64, err error) {
	name, err := subjectRow(idp, kind, id)
	if err != nil {
		return nil, 0, err
	}
	ctx, cancel := p.client.budgeted(ctx)
	defer cancel()
	r, err := p.client.get(ctx, tablePerson, personKey(idp, name))
	if err != nil {
		return nil, 0, unavailable("subject", err)
	}
	return r.body(), r.number(columnVersion), nil
}

// PutSubject replaces it if version, which [People.Subject] gave, is still the one that is
// there (0: none is), else it is refused as [reason.StoreConflict].
func (p *People) PutSubject(ctx context.Context, idp, kind, id string, body []byte, version int64) error {
	name, err := subjectRow(idp, kind, id)
	if err != nil {
		return err
	}
	if len(body) > maxBody {
		return reason.New(reason.RequestTooLarge, "what is wanted of a %s has %d bytes, it may have %d", kind, len(body), maxBody)
	}
	ctx, cancel := p.client.budgeted(ctx)
	defer cancel()
	condition := mustNotExist()
	if version != 0 {
		condition = mustEqual(columnVersion, version)
	}
	written, err := p.client.put(ctx, tablePerson, personKey(idp, name), condition, column{columnBody, body}, column{columnVersion, version + 1})
	if err != nil {
		return unavailable("subject", err)
	}
	if !written {
		return reason.New(reason.StoreConflict, "the %s %.80q of %s is not of version %d any more", kind, id, idp, version)
	}
	return nil
}

// subjectRow is of a hash: what an identity provider calls somebody may be longer than a
// key.
func subjectRow(idp, kind, id string) (string, error) {
	if idp == "" || strings.HasPrefix(idp, "@") || kind == "" || id == "" {
		return "", fmt.Errorf("%s %.80q of identity provider %.80q is nobody", kind, id, idp)
	}
	sum := sha256.Sum256([]byte(id))
	return "subject/" + kind + "/" + hex.EncodeToString(sum[:]), nil
}
