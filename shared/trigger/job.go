package trigger

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// Job is a function that events start and nobody waits for.
type Job struct {
	Function string
	Log      *slog.Logger
	Now      func() time.Time
}

// Result is what a job returns.
type Result struct {
	Function  string      `json:"function"`
	Status    int         `json:"status"`
	Code      reason.Code `json:"code,omitempty"`
	Reference string      `json:"reference"`
}

// Events returns a function for fc.Start that handles payloads of any kind.
//
// Only what may go better next time leaves as an error, since that is how the
// platform is asked to try again; it says no more than the code and the
// reference. What will never work is a result.
func Events(job Job, handle func(context.Context, []byte) error) func(context.Context, []byte) (Result, error) {
	return func(ctx context.Context, payload []byte) (Result, error) {
		begun := job.Now()
		ctx, cancel := begin(ctx, Event{})
		defer cancel()
		err := attempt(ctx, handle, payload)
		result := job.result(ctx, err)
		audit.Write(ctx, job.Log, audit.Event{Function: job.Function, Status: result.Status, Err: err, Took: job.Now().Sub(begun)})
		if result.Status >= http.StatusInternalServerError && result.Status != http.StatusNotImplemented {
			return Result{}, fmt.Errorf("%s, reference %s", result.Code, result.Reference)
		}
		return result, nil
	}
}

func attempt(ctx context.Context, handle func(context.Context, []byte) error, payload []byte) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return handle(ctx, payload)
}

func (j Job) result(ctx context.Context, err error) Result {
	result := Result{Function: j.Function, Status: http.StatusOK, Reference: audit.Reference(audit.RequestID(ctx))}
	if err != nil {
		row := reason.Lookup(reason.Of(err))
		result.Status, result.Code = row.Status, row.Code
	}
	return result
}
