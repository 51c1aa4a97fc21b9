// Command scim is the function behind /scim/.
package main

import (
	"os"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fc"

	"github.com/fc-sso/fc-sso/functions/scim/scim"
	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/config"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/trigger"
)

func main() {
	log := audit.Logger(os.Stdout)
	cfg, err := config.Load(os.LookupEnv)
	if err != nil {
		log.Error("the function cannot start", "error", err)
		os.Exit(1)
	}
	desk := respond.Desk{Function: scim.Name, Log: log, Now: time.Now, Refuse: scim.Refuse}
	fc.Start(trigger.HTTP(desk, cfg.URL, scim.New(desk)))
}
