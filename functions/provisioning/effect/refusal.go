package effect

import (
	"errors"
	"net/http"
	"strings"

	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// unanswered says that it may go better: the service is busy, at fault or not reached.
func unanswered(err error) bool {
	e, refused := errors.AsType[*openapi.Error](err)
	return !refused || e.Status >= http.StatusInternalServerError || e.Throttled()
}

func begins(err error, codes ...string) bool {
	e, refused := errors.AsType[*openapi.Error](err)
	if !refused {
		return false
	}
	for _, code := range codes {
		if strings.HasPrefix(e.Code, code) {
			return true
		}
	}
	return false
}

// missing says that RAM does not have what was asked for.
func missing(err error) bool { return begins(err, "EntityNotExist") }

// isSurprise says that RAM has changed since it was read, be it by a call of ours whose
// answer was lost.
func isSurprise(err error) bool {
	return begins(err, "EntityNotExist", "EntityAlreadyExists", "DeleteConflict")
}

// refusal gives what RAM or STS said a code, and says who mends it.
func (s *stay) refusal(err error) error {
	if reason.Of(err) != reason.Internal {
		return err
	}
	code, fix := verdict(err)
	return reason.New(code, "account %s: %w%s", s.account.ID(), err, fix)
}

func verdict(err error) (code reason.Code, fix string) {
	switch {
	case unanswered(err):
		return reason.RAMUnavailable, ""
	case begins(err, "LimitExceeded"):
		return reason.RAMLimit, "; ask Alibaba Cloud for a higher limit, or have fewer, then have the event tried again"
	case begins(err, "InvalidParameter.GroupName", "InvalidParameter.NewGroupName"):
		return reason.GroupInvalid, "; give the group another name at the identity provider"
	case begins(err, "InvalidParameter"):
		return reason.PrincipalInvalid, "; mend what the identity provider says of the person, or principal of the rule"
	case begins(err, "DeleteConflict"):
		return reason.RAMConflict, "; remove by hand what hangs on it"
	case begins(err, "EntityAlreadyExists"):
		return reason.RAMConflict, "; RAM has something of that name which it does not show: is a user of the name in the recycle bin?"
	case begins(err, "EntityNotExist"):
		return reason.RAMUnavailable, "; it is there at one look and not at the next"
	}
	return reason.RAMDenied, "; the maintenance role lacks a permission of template/policies/maintenance.permission.json"
}
