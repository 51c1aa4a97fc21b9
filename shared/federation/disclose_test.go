package federation_test

import (
	"bytes"
	"testing"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// TestWhatARuleDisclosesIsKept, in the part that decides for people too; and a revision
// in which no rule does is stored as before there was such a word, so that functions of
// that time read it.
func TestWhatARuleDisclosesIsKept(t *testing.T) {
	d := draft()
	plain := compile(t, d)
	for _, item := range plain.Items() {
		if bytes.Contains(item.Body, []byte("disclose")) {
			t.Errorf("row %s: %s", item.ID, item.Body)
		}
	}
	d.Rules[0].Disclose = true
	told := compile(t, d)
	part, err := federation.FromRows(told.ID(), "okta", rowsBelow(told, federation.RowsOf("okta")))
	if err != nil || !part.Rules()[0].Discloses() || part.Rules()[1].Discloses() || told.ID() == plain.ID() {
		t.Errorf("rules %+v, %v", part.Rules(), err)
	}
	again, err := federation.FromItems(told.Items())
	if err != nil || !again.Rules()[0].Discloses() || again.ID() != told.ID() {
		t.Errorf("stored and read: %v, %v", again.Rules(), err)
	}
}

// TestWhoSomebodyIsIsAPersonsOwn, under whatever name it comes.
func TestWhoSomebodyIsIsAPersonsOwn(t *testing.T) {
	source := trust.Source{ID: "okta", Attributes: map[string]string{"email": "address", "name": "called", "groups": "memberOf", "badge": "staffNumber"}, Person: "{{badge}}"}
	personal := federation.PersonalAttributes(source)
	for name, want := range map[string]bool{
		"groups": false, "memberOf": false, "department": false, "": false,
		"address": true, "called": true, "staffNumber": true, "email": true, "mail": true, "displayName": true, "upn": true,
		"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": true,
	} {
		if personal[name] != want {
			t.Errorf("%s: %v", name, personal[name])
		}
	}
}
