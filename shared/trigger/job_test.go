package trigger_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/aliyun/fc-runtime-go-sdk/fccontext"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trigger"
)

func job(out io.Writer) trigger.Job {
	return trigger.Job{Function: "rotation", Log: audit.Logger(out), Now: clock}
}

func TestAnEventReachesItsHandler(t *testing.T) {
	var got string
	handle := func(_ context.Context, payload []byte) error {
		got = string(payload)
		return nil
	}
	result, err := trigger.Events(job(io.Discard), handle)(sdkContext(t), []byte(`{"record":"okta"}`))
	if err != nil || got != `{"record":"okta"}` || result.Status != 200 || result.Function != "rotation" || result.Reference != audit.Reference("1-sdk") {
		t.Errorf("%q: %+v, %v", got, result, err)
	}
}

func TestOnlyWhatMayGoBetterIsTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int
		again  bool
	}{
		"no event of ours": {err: reason.New(reason.RequestMalformed, "rotation"), status: 400},
		"no such action":   {err: reason.New(reason.NotImplemented, "rotation"), status: 501},
		"store away":       {err: reason.New(reason.StoreUnavailable, "secret detail"), again: true},
		"a fault of ours":  {err: errors.New("secret detail"), again: true},
	} {
		var out bytes.Buffer
		got, err := trigger.Events(job(&out), func(context.Context, []byte) error { return c.err })(sdkContext(t), nil)
		if (err != nil) != c.again || got.Status != c.status {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if err != nil && (strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), audit.Reference("1-sdk"))) {
			t.Errorf("%s: the platform is told %v", name, err)
		}
		if strings.Count(out.String(), `"msg":"decision"`) != 1 {
			t.Errorf("%s: %s", name, out.String())
		}
	}
}

func TestAPanicOfAJobIsAnError(t *testing.T) {
	_, err := trigger.Events(job(io.Discard), func(context.Context, []byte) error { panic("secret") })(sdkContext(t), nil)
	if err == nil || !strings.HasPrefix(err.Error(), "internal, reference ") || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

func sdkContext(t *testing.T) context.Context {
	t.Helper()
	return fccontext.NewContext(t.Context(), &fccontext.FcContext{RequestID: "1-sdk"})
}
