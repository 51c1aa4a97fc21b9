// Package reason holds every reason for which fc-sso refuses.
//
// In: a [Code] and a detail for the operator. Out: an error that carries both.
// A code is API: logs, metrics, tests and runbooks match on it, so it is never
// renamed. One table says, for each code, the HTTP status, who can mend it and
// what an operator should look at; the sentence for the person at the browser
// stands under the same code in page's catalogue. An error without a code is
// [Internal]: nothing that went wrong for an unknown reason is called known.
package reason

import (
	"errors"
	"fmt"
)

// Code names one reason for a refusal, in snake_case.
type Code string

// Refusal is an error with a code.
type Refusal struct {
	Code   Code
	Detail string // for the operator's log, never for a page that is not its owner's
	err    error
}

// New returns a refusal. format and args make the detail as [fmt.Errorf] would;
// what %w wraps stays reachable by [errors.Is] and [errors.As].
func New(code Code, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Refusal{Code: code, Detail: err.Error(), err: errors.Unwrap(err)}
}

func (r *Refusal) Error() string { return string(r.Code) + ": " + r.Detail }

// Unwrap gives what New wrapped with %w.
func (r *Refusal) Unwrap() error { return r.err }

// Of returns the code that err carries, [Internal] where it carries none and
// the empty code for nil.
func Of(err error) Code {
	if err == nil {
		return ""
	}
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return refusal.Code
	}
	return Internal
}

// Detail returns what err's refusal tells the operator, or err's own text.
func Detail(err error) string {
	if refusal, ok := errors.AsType[*Refusal](err); ok {
		return refusal.Detail
	}
	return err.Error()
}
