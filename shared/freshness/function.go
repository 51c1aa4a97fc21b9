package freshness

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// Function is the one that asks sources: metadata-rotation, as it is called from
// another function. All fields are needed.
type Function struct {
	API         *openapi.Client
	Endpoint    string                                             // Function Compute's
	Name        string                                             // of the function
	Credentials func(ctx context.Context) (ram.Credentials, error) // of the caller's role, for this invocation
}

// Refresh has the function ask the source of one record, and says why it did not.
func (f Function) Refresh(ctx context.Context, idp string) error {
	own, err := f.Credentials(ctx)
	if err != nil {
		return err
	}
	event, err := json.Marshal(map[string]string{"record": idp})
	if err != nil {
		return fmt.Errorf("refresh: %w", err)
	}
	var result struct {
		Code      reason.Code `json:"code"`
		Reference string      `json:"reference"`
	}
	err = f.API.Invoke(ctx, openapi.FunctionCall{Endpoint: f.Endpoint, Function: f.Name, Payload: event, Credentials: own}, &result)
	switch {
	case err != nil:
		return reason.New(reason.SourceUnavailable, "%s: %w", f.Name, err)
	case result.Code != "":
		return reason.New(result.Code, "%s says so, reference %s", f.Name, result.Reference)
	}
	return nil
}
