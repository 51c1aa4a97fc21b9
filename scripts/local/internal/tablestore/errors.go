package tablestore

import (
	"fmt"
	"net/http"
)

// refusal is an answer other than 2xx, as the service words it: SDKs decide by
// code, and two of them by the message, whether to try again.
type refusal struct {
	status  int
	code    string
	message string
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

func invalid(format string, args ...any) error {
	return &refusal{http.StatusBadRequest, "OTSParameterInvalid", fmt.Sprintf(format, args...)}
}

func invalidKey(format string, args ...any) error {
	return &refusal{http.StatusBadRequest, "OTSInvalidPK", fmt.Sprintf(format, args...)}
}

func unauthorised(format string, args ...any) error {
	return &refusal{http.StatusForbidden, "OTSAuthFailed", fmt.Sprintf(format, args...)}
}

func conditionFailed() error {
	return &refusal{http.StatusForbidden, "OTSConditionCheckFail", "Condition check failed."}
}

func tableMissing() error {
	return &refusal{http.StatusNotFound, "OTSObjectNotExist", "Requested table does not exist."}
}

func streamMissing() error {
	return &refusal{http.StatusNotFound, "OTSObjectNotExist", "Requested stream does not exist."}
}

func unsupported(operation string) error {
	return invalid("Unsupported operation: '%s'.", operation)
}
