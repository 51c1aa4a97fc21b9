// Command provisioning will turn events about joiners, movers and leavers into
// RAM users and groups. Until then it answers that it does not.
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
	job := trigger.Job{Function: "provisioning", Log: log, Now: time.Now}
	fc.Start(trigger.Events(job, func(context.Context, []byte) error {
		return reason.New(reason.NotImplemented, "provisioning does not provision yet")
	}))
}
