// Command probe is a function on the unmodified SDK that tells a test what it
// was given, and misbehaves on request.
package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fc"
	"github.com/aliyun/fc-runtime-go-sdk/fccontext"
)

type event struct {
	RawPath         string `json:"rawPath"`
	Body            string `json:"body"`
	IsBase64Encoded bool   `json:"isBase64Encoded"`
}

func main() {
	if os.Getenv("PROBE_EXIT") != "" {
		os.Stdout.WriteString("configuration: PROBE_EXIT is set\n")
		os.Exit(1)
	}
	fc.Start(handle)
}

func handle(ctx context.Context, payload json.RawMessage) (any, error) {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return nil, err
	}
	switch e.RawPath {
	case "/say": // the request's body is the whole answer
		body, err := e.body()
		return json.RawMessage(body), err
	case "/slow":
		time.Sleep(300 * time.Millisecond)
	case "/hang":
		<-make(chan struct{})
	case "/hang-first": // until it is tried again
		if given, _ := fccontext.FromContext(ctx); given.RetryCount == 0 {
			<-make(chan struct{})
		}
	case "/crash":
		os.Exit(3)
	case "/error":
		return nil, errors.New("returned an error")
	case "/panic":
		panic("panicked")
	}
	return tell(ctx, payload), nil
}

func (e event) body() ([]byte, error) {
	if e.IsBase64Encoded {
		return base64.StdEncoding.DecodeString(e.Body)
	}
	return []byte(e.Body), nil
}

// tell answers with everything that the platform gave.
func tell(ctx context.Context, payload json.RawMessage) any {
	given, _ := fccontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	body, _ := json.Marshal(map[string]any{
		"event": payload, "context": given, "env": os.Environ(), "pid": os.Getpid(),
		"left_ms": time.Until(deadline).Milliseconds(),
	})
	return map[string]any{
		"statusCode": 200, "isBase64Encoded": true, "body": base64.StdEncoding.EncodeToString(body),
		"headers": map[string]string{"content-type": "application/json"},
	}
}
