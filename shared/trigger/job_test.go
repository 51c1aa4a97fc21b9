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

func TestATimerReachesItsHandler(t *testing.T) {
	handle := func(_ context.Context, event trigger.TimerEvent) error {
		if event.TriggerName != "hourly" || event.Payload != `{"job":"rotate"}` {
			t.Errorf("%+v", event)
		}
		return nil
	}
	payload := `{"triggerTime":"2026-11-23T08:07:00Z","triggerName":"hourly","payload":"{\"job\":\"rotate\"}"}`
	got, err := trigger.Timer(job(io.Discard), handle)(sdkContext(t), []byte(payload))
	if err != nil || got.Status != 200 || got.Function != "rotation" || got.Reference != audit.Reference("1-sdk") {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestOnlyWhatMayGoBetterIsTriedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		payload string
		err     error
		status  int
		again   bool
	}{
		"not a timer":     {payload: `[]`, status: 400},
		"no such action":  {payload: `{}`, err: reason.New(reason.NotImplemented, "rotation"), status: 501},
		"store away":      {payload: `{}`, err: reason.New(reason.StoreUnavailable, "secret detail"), again: true},
		"a fault of ours": {payload: `{}`, err: errors.New("secret detail"), again: true},
	} {
		var out bytes.Buffer
		got, err := trigger.Timer(job(&out), func(context.Context, trigger.TimerEvent) error { return c.err })(sdkContext(t), []byte(c.payload))
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
