package rotation_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"log/slog"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/functions/metadata-rotation/rotation"
	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/own"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// ourKey begins our keys with one that is good for two years.
func ourKey(t *testing.T) own.Keys {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := validatetest.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now, NotAfter: now.AddDate(2, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return own.Begin(certificate, own.Place{}, now)
}

// TestOurOwnCertificateIsToldOfToo, as nobody's in particular; a bundle whose keys
// nobody has written down has none to tell of.
func TestOurOwnCertificateIsToldOfToo(t *testing.T) {
	w, c, keys := newWorld(), &carrier{}, ourKey(t)
	w.carry = c.carry
	var fault error
	at := func(days int) error {
		return rotation.New(rotation.Config{
			Log: slog.New(slog.NewTextHandler(&w.log, nil)), Now: func() time.Time { return w.now.AddDate(2, 0, -days) },
			Records: func(context.Context) ([]string, error) { return nil, nil },
			Leases:  w, Watches: w, Send: w.handOn(),
			Own: func(context.Context) (own.Keys, error) { return keys, fault },
		})(t.Context(), []byte(timer))
	}
	for _, days := range []int{31, 30, 29, 14, 2, 1} {
		if err := at(days); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.carried) != 4 || c.carried[0].About != (alert.About{}) || c.carried[3].Severity != alert.Critical || c.carried[0].Kind != alert.OwnExpires {
		t.Errorf("%+v", c.carried)
	}
	keys = own.Keys{}
	if err := at(0); err != nil || len(c.carried) != 4 {
		t.Errorf("%v, %+v", err, c.carried)
	}
	fault = reason.New(reason.StoreUnavailable, "down")
	if err := at(0); reason.Of(err) != reason.StoreUnavailable || !strings.Contains(err.Error(), "our keys") {
		t.Error(err)
	}
}
