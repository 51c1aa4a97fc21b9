package exchange

import (
	"context"
	"slices"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/jose"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// record is the one that judges a token: that of its issuer which has its audience.
// Nothing that the token says is believed for it: another token would only find
// another judge, who wants its own issuer, audience and signature.
func (e exchange) record(ctx context.Context, compact string) (trust.Record, error) {
	audit.Of(ctx).TokenSHA256 = validate.MessageSHA256(compact)
	token, err := jose.Parse(compact)
	if err != nil {
		return trust.Record{}, err
	}
	claims := token.Claims()
	issuer, ok := claims.Text("iss")
	if !ok {
		return trust.Record{}, reason.New(reason.IssuerMismatch, "the token names no issuer")
	}
	audit.Of(ctx).Issuer = issuer
	believers, err := e.Trusting(ctx, issuer)
	if err != nil {
		return trust.Record{}, err
	}
	audiences, _ := claims.TextList("aud")
	id, err := choose(believers, audiences)
	if err != nil {
		return trust.Record{}, err
	}
	record, err := e.Record(ctx, id)
	if err != nil {
		return trust.Record{}, err
	}
	decision := audit.Of(ctx)
	decision.Record, decision.Revision = record.ID(), record.Revision()
	return record, nil
}

// choose refuses a token for two records at once: the rules of one may give what
// those of the other do not, and nobody said which were meant. Where none has an
// audience of the token, and there is but one, that one says what it wants.
func choose(believers []federation.Trusting, audiences []string) (string, error) {
	var ids, wanted []string
	for _, b := range believers {
		wanted = append(wanted, b.Audiences...)
		if slices.ContainsFunc(audiences, func(a string) bool { return slices.Contains(b.Audiences, a) }) {
			ids = append(ids, b.ID)
		}
	}
	switch {
	case len(ids) == 1:
		return ids[0], nil
	case len(ids) == 0 && len(believers) == 1:
		return believers[0].ID, nil
	case len(ids) == 0:
		return "", reason.New(reason.AudienceMismatch, "aud is %.300q, one of %.2000q is wanted", audiences, wanted)
	}
	return "", reason.New(reason.AudienceMismatch, "aud is %.300q, which are audiences of several records, %q: ask for a token for one", audiences, ids)
}
