package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// Member notes that events spoke of a person as of somebody in a group, or not in it any
// more: what a group is matters to all of them. It may happen twice, and is never undone.
func (p *People) Member(ctx context.Context, idp, group, person string) error {
	prefix, err := memberRow(idp, group)
	if err != nil {
		return err
	}
	ctx, cancel := p.client.budgeted(ctx)
	defer cancel()
	sum := sha256.Sum256([]byte(person))
	_, err = p.client.put(ctx, tablePerson, personKey(idp, prefix+hex.EncodeToString(sum[:])), whatever(), column{columnPerson, person})
	return unavailableIf("member", err)
}

// Members are the people of whom [People.Member] was told, by their IDs.
func (p *People) Members(ctx context.Context, idp, group string) ([]string, error) {
	prefix, err := memberRow(idp, group)
	if err != nil {
		return nil, err
	}
	start, end := personKey(idp, prefix), personKey(idp, prefix+"\uffff")
	places, err := p.client.rangeOf(ctx, tablePerson, start, end)
	if err != nil {
		return nil, unavailable("members", err)
	}
	people := make([]string, 0, len(places))
	for _, at := range places {
		people = append(people, at.row.text(columnPerson))
	}
	return people, nil
}

func memberRow(idp, group string) (string, error) {
	if idp == "" || strings.HasPrefix(idp, "@") || group == "" {
		return "", fmt.Errorf("group %.80q of identity provider %.80q is none", group, idp)
	}
	sum := sha256.Sum256([]byte(group))
	return "member/" + hex.EncodeToString(sum[:]) + "/", nil
}
