package trigger

import (
	"context"
	"net/netip"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fccontext"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// margin is kept free before the platform's deadline, so that a store which does
// not answer ends in a page and not in a killed instance.
const margin = 500 * time.Millisecond

type invocationKey struct{}

// invocation is what the platform says beside the event.
type invocation struct {
	sourceIP    netip.Addr
	credentials ram.Credentials
}

// begin reads the SDK's context, once: FromContext writes into it.
func begin(ctx context.Context, event Event) (context.Context, context.CancelFunc) {
	requestID := event.RequestContext.RequestID
	about := &invocation{sourceIP: event.sourceIP()}
	if sdk, ok := fccontext.FromContext(ctx); ok {
		if sdk.RequestID != "" {
			requestID = sdk.RequestID
		}
		about.credentials = ram.Credentials{
			AccessKeyID:     sdk.Credentials.AccessKeyId,
			AccessKeySecret: ram.Secret(sdk.Credentials.AccessKeySecret),
			SecurityToken:   ram.Secret(sdk.Credentials.SecurityToken),
		}
	}
	ctx = context.WithValue(audit.Begin(ctx, requestID), invocationKey{}, about)
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-margin))
	}
	return context.WithCancel(ctx)
}

// RoleCredentials returns those of the function's role for this invocation.
// They rotate, and those in the environment are as old as the instance.
func RoleCredentials(ctx context.Context) (ram.Credentials, error) {
	about, ok := ctx.Value(invocationKey{}).(*invocation)
	if !ok || about.credentials.AccessKeyID == "" || about.credentials.AccessKeySecret == "" {
		return ram.Credentials{}, reason.New(reason.CredentialsMissing, "the invocation has no role credentials")
	}
	return about.credentials, nil
}

// RequestID returns the platform's ID of this invocation.
func RequestID(ctx context.Context) string { return audit.RequestID(ctx) }

// SourceIP returns the client's address as the platform saw it, the zero address
// if it named none.
func SourceIP(ctx context.Context) netip.Addr {
	if about, ok := ctx.Value(invocationKey{}).(*invocation); ok {
		return about.sourceIP
	}
	return netip.Addr{}
}
