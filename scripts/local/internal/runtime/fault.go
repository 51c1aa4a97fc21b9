package runtime

import (
	"encoding/json"
	"errors"
	"net/http"
)

// PlatformError is how the platform answers when the function did not, or not well.
type PlatformError struct {
	Status  int
	Code    string
	Message string
	// Type is the value of X-Fc-Error-Type where the function itself failed.
	Type string
	// Body is what the function posted as its error, passed on as it is.
	Body []byte
}

// Values of X-Fc-Error-Type.
const (
	handledError   = "HandledInvocationError"
	unhandledError = "UnhandledInvocationError"
)

// functionErrorStatus is what the trigger shows when a function fails. It is
// not documented for go1, which is one more reason to never let it happen.
const functionErrorStatus = http.StatusBadGateway

func (f *PlatformError) Error() string { return f.Code + ": " + f.Message }

func invalidArgument(message string) *PlatformError {
	return &PlatformError{Status: http.StatusBadRequest, Code: "InvalidArgument", Message: message}
}

func badResponse(message string) *PlatformError {
	return &PlatformError{Status: http.StatusBadGateway, Code: "BadResponse", Message: message}
}

func unhandled(code, message string) *PlatformError {
	return &PlatformError{Status: functionErrorStatus, Code: code, Message: message, Type: unhandledError}
}

// functionFault reads what the function posted to /error. The SDK adds a stack
// trace exactly when the handler panicked.
func functionFault(body []byte) *PlatformError {
	var posted struct {
		Message string            `json:"errorMessage"`
		Stack   []json.RawMessage `json:"stackTrace"`
	}
	fault := &PlatformError{Status: functionErrorStatus, Code: "FunctionError", Type: handledError, Body: body}
	if json.Unmarshal(body, &posted) != nil || len(posted.Stack) > 0 {
		fault.Type = unhandledError
	}
	fault.Message = posted.Message
	return fault
}

func asFault(err error) *PlatformError {
	if fault, ok := errors.AsType[*PlatformError](err); ok {
		return fault
	}
	return &PlatformError{Status: http.StatusServiceUnavailable, Code: "ServiceUnavailable", Message: err.Error()}
}

// write answers w with the fault in the platform's error shape.
func (f *PlatformError) write(w http.ResponseWriter, requestID string) {
	body := f.Body
	if body == nil {
		body, _ = json.Marshal(map[string]string{"Code": f.Code, "Message": f.Message, "RequestId": requestID})
	}
	if f.Type != "" {
		w.Header().Set("X-Fc-Error-Type", f.Type)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.Status)
	_, _ = w.Write(body) //nolint:gosec // JSON, and declared so
}
