package resource

import (
	"fmt"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// Type is SCIM's own word for what is wrong with a request (RFC 7644 section 3.12).
type Type string

// The types that we give.
const (
	InvalidFilter Type = "invalidFilter"
	InvalidSyntax Type = "invalidSyntax"
	InvalidPath   Type = "invalidPath"
	InvalidValue  Type = "invalidValue"
	NoTarget      Type = "noTarget"
	Mutability    Type = "mutability"
	Uniqueness    Type = "uniqueness"
	TooMany       Type = "tooMany"
)

// FaultError is what is wrong with a request, in words for whoever sent it: the cause, and
// what to do about it. It tells nothing that they did not send themselves.
type FaultError struct {
	Type   Type
	Detail string
}

func (f *FaultError) Error() string { return string(f.Type) + ": " + f.Detail }

// Refuse makes a fault a refusal.
func Refuse(code reason.Code, is Type, format string, args ...any) error {
	return reason.New(code, "%w", &FaultError{is, fmt.Sprintf(format, args...)})
}

func malformed(is Type, format string, args ...any) error {
	return Refuse(reason.SCIMMalformed, is, format, args...)
}
