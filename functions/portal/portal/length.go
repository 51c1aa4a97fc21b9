package portal

import (
	"context"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/ram"
)

// allowed are the grants within what RAM was last seen to let their roles last. Where
// the account is federated that matters for short ones too: only who knows a role's
// maximum can tell that the grant is all of it. Where nobody reads it any more, what was
// once read is not asked for: it may have grown since, and what was all of it then would
// be less than the response now gives.
func (p portal) allowed(ctx context.Context, grants []mapping.Grant) ([]mapping.Grant, error) {
	var roles []ram.RoleARN
	for _, g := range grants {
		if account := g.Account(); !account.MaintenanceRole().IsZero() && (g.Long() || account.Issue() == federation.Federated) {
			roles = append(roles, g.Role())
		}
	}
	if len(roles) == 0 {
		return grants, nil
	}
	longest, err := p.Longest(ctx, roles...)
	if err != nil {
		return nil, err
	}
	within := make([]mapping.Grant, 0, len(grants))
	for _, g := range grants {
		within = append(within, g.Allowed(longest[g.Role()]))
	}
	return within, nil
}

func length(l mapping.Length) page.Length {
	return page.Length{Lasts: l.Lasts, Rule: l.Rule, By: string(l.By)}
}
