// Command metadata-rotation will fetch the identity providers' keys by a timer.
// Until then it answers that it does not: ssoctl apply fetches them.
package main

import (
	"context"
	"os"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fc"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/config"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trigger"
)

func main() {
	log := audit.Logger(os.Stdout)
	if _, err := config.Load(os.LookupEnv); err != nil {
		log.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
	job := trigger.Job{Function: "metadata-rotation", Log: log, Now: time.Now}
	fc.Start(trigger.Timer(job, func(context.Context, trigger.TimerEvent) error {
		return reason.New(reason.NotImplemented, "metadata-rotation does not rotate yet")
	}))
}
