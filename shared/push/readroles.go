package push

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
)

// maxRolePages is far beyond the roles of an account: RAM has 1,000 of them.
const maxRolePages = 50

// rolesAtOnce is of how many roles that no rule names a run reads the trust policy.
const rolesAtOnce = 100

// readRoles reads the roles that RAM has of those that are wanted: all of them, or none
// count as read. Of those that an identity provider may name itself there may be a
// thousand: how long their sessions last is in a list, and some are looked at in each
// run.
func (v visit) readRoles(ctx context.Context, w Wanted, has *Has) error {
	if w.Part {
		return nil
	}
	read, err := v.listRoles(ctx, w.Roles)
	if err != nil {
		return err
	}
	for _, role := range slices.Concat(w.Roles.Named, inTurn(read, v.now())) {
		var answer struct {
			Role struct {
				Arn, AssumeRolePolicyDocument string
				MaxSessionDuration            int
			}
		}
		err := v.ram(ctx, "GetRole", url.Values{"RoleName": {role.Name()}}, &answer)
		if missing(err) {
			delete(read, role)
			continue
		}
		if err == nil {
			err = about(answer.Role.Arn, role)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", role, err)
		}
		read[role] = RoleHas{answer.Role.MaxSessionDuration, answer.Role.AssumeRolePolicyDocument, true}
	}
	has.Roles = read
	return nil
}

// inTurn are some of the roles, others in each hour.
func inTurn(roles map[ram.RoleARN]RoleHas, now time.Time) []ram.RoleARN {
	all := slices.SortedFunc(maps.Keys(roles), func(a, b ram.RoleARN) int { return strings.Compare(a.String(), b.String()) })
	if len(all) <= rolesAtOnce {
		return all
	}
	first := int(now.Unix()/int64(time.Hour.Seconds())*rolesAtOnce) % len(all)
	return slices.Concat(all[first:], all[:first])[:rolesAtOnce]
}

// listRoles are the roles that an identity provider may name, without those that rules
// name.
func (v visit) listRoles(ctx context.Context, roles Roles) (map[ram.RoleARN]RoleHas, error) {
	listed := map[ram.RoleARN]RoleHas{}
	params := url.Values{"MaxItems": {"100"}}
	for page := 0; len(roles.Asserted) > 0; page++ {
		var answer struct {
			Roles struct {
				Role []struct {
					Arn                string
					MaxSessionDuration int
				}
			}
			IsTruncated bool
			Marker      string
		}
		if err := v.ram(ctx, "ListRoles", params, &answer); err != nil {
			return nil, fmt.Errorf("roles: %w", err)
		}
		for _, found := range answer.Roles.Role {
			role, err := ram.ParseRoleARN(found.Arn)
			if err == nil && roles.may(role) && !containsRole(roles.Named, role) {
				listed[role] = RoleHas{MaxSession: found.MaxSessionDuration}
			}
		}
		if !answer.IsTruncated || answer.Marker == "" || page == maxRolePages {
			break
		}
		params.Set("Marker", answer.Marker)
	}
	return listed, nil
}

// containsRole compares names as RAM does: without regard to case.
func containsRole(roles []ram.RoleARN, role ram.RoleARN) bool {
	for _, r := range roles {
		if strings.EqualFold(r.String(), role.String()) {
			return true
		}
	}
	return false
}
