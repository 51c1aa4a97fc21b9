package acs

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// logout takes an identity provider's word that a person has signed out. The
// cookie of the browser that brings it stays: whose it is we are not shown, and
// the session behind it ends by the person, not by the browser.
//
// If the store fails after the request was used up, the person sees a refusal
// and the identity provider no answer, which is what it shows: nobody is told of
// a logout that was not.
func (p provider) logout(r *http.Request) (respond.Outcome, error) {
	form, err := readForm(r, "SAMLRequest")
	if err != nil {
		return respond.Outcome{}, err
	}
	record, err := p.host.Named(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	audit.Of(r.Context()).TokenSHA256 = validate.MessageSHA256(form.message)
	var logout validate.Logout
	err = p.Fresh.Try(r.Context(), record, func(ctx context.Context, record trust.Record) (err error) {
		logout, err = p.guard.Logout(ctx, record, p.sloURL(record), form.message)
		return err
	})
	if err != nil {
		return respond.Outcome{}, err
	}
	audit.Of(r.Context()).Subject = logout.Subject()
	if err := p.host.Keeper.SignOut(r.Context(), logout); err != nil {
		return respond.Outcome{}, err
	}
	return p.answerLogout(r, record, logout, form.relayState)
}

// answerLogout goes where the metadata says. An identity provider that names no
// such place by form gets no answer; the person reads that it is done.
func (p provider) answerLogout(r *http.Request, record trust.Record, logout validate.Logout, relayState string) (respond.Outcome, error) {
	location, ok := record.SLO()
	if !ok {
		return p.host.Render(r, page.SignedOut{})
	}
	var id [20]byte
	if _, err := io.ReadFull(p.Random, id[:]); err != nil {
		return respond.Outcome{}, fmt.Errorf("logout: randomness: %w", err)
	}
	response := samldoc.LogoutResponse{
		ID: "_" + hex.EncodeToString(id[:]), Destination: location, Issuer: p.entityID(record),
		InResponseTo: logout.RequestID(), IssueInstant: p.Now(),
	}
	own, err := p.Own.Signing(r.Context(), record.ID())
	if err != nil {
		return respond.Outcome{}, err
	}
	form, err := response.PostForm(relayState, own.Signer, own.Certificates[0])
	if err != nil {
		return respond.Outcome{}, err
	}
	fields := []page.Field{{Name: "SAMLResponse", Value: form.SAMLResponse}}
	if form.RelayState != "" {
		fields = append(fields, page.Field{Name: "RelayState", Value: form.RelayState})
	}
	return p.host.Render(r, page.Post{Action: form.Action, Name: record.DisplayName(), Fields: fields, SignedOut: true})
}
