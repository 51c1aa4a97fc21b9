package store

import (
	"errors"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// Codes of Tablestore that say something to us.
const (
	codeCondition = "OTSConditionCheckFail"
	codeMissing   = "OTSObjectNotExist"
	codeExists    = "OTSObjectAlreadyExist"
)

// isCode says whether the service answered with this code.
func isCode(err error, code string) bool {
	answer, ok := errors.AsType[*tablestore.OtsError](err)
	return ok && answer.Code == code
}

// unclear says whether err leaves open what happened, or asks to come again. A
// network error may hide a write that took effect, and so may the service's own
// 5xx: answered busy, a put has been seen to be there.
func unclear(err error) bool {
	if err == nil || reason.Of(err) != reason.Internal {
		return false
	}
	answer, ok := errors.AsType[*tablestore.OtsError](err)
	return !ok || retryable(answer.Code, answer.Message)
}

func retryable(code, message string) bool {
	switch code {
	case "OTSTimeout", "OTSInternalServerError", "OTSServerUnavailable", "OTSServerBusy", "OTSStorageServerBusy",
		"OTSPartitionUnavailable", "OTSRowOperationConflict", "OTSNotEnoughCapacityUnit", "OTSTableNotReady",
		"OTSRequestTimeout", "OTSClientUnknownError":
		return true
	case "OTSQuotaExhausted":
		return message == "Too frequent table operations."
	}
	return false
}
