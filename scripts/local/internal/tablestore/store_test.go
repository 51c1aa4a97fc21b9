package tablestore_test

import (
	"context"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/store/storetest"
)

func (b bench) storeConfig() store.Config {
	return store.Config{
		Endpoint: b.url,
		Instance: "local",
		Now:      time.Now,
		Credentials: func(context.Context) (ram.Credentials, error) {
			return ram.Credentials{AccessKeyID: "sts", AccessKeySecret: secret, SecurityToken: token}, nil
		},
	}
}

// TestTheStoreKeepsItsPromises runs shared/store, on the genuine SDK and over
// real HTTP, against this server.
func TestTheStoreKeepsItsPromises(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Backend {
		t.Helper()
		b := start(t)
		return storetest.Backend{Config: b.storeConfig(), Faults: b.faults}
	})
}
