package main

import (
	"context"
	"crypto/x509"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

func open(t *testing.T, path string) *dataFolder {
	t.Helper()
	data, err := openData(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(data.close)
	return data
}

func TestPortsStayUnlessSomebodyElseTookThem(t *testing.T) {
	path := t.TempDir()
	listen := func() net.Listener {
		data := open(t, path)
		listener, err := data.listen(t.Context(), "idp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		data.close()
		return listener
	}
	first := listen()
	other := listen()
	if portOf(other) == portOf(first) {
		t.Fatal("one port twice")
	}
	_ = first.Close()
	_ = other.Close()
	again := listen()
	if portOf(again) != portOf(other) {
		t.Errorf("port %d, last time %d", portOf(again), portOf(other))
	}
	_ = again.Close()
}

func TestDamagedDataIsNamed(t *testing.T) {
	for name, use := range map[string]func(*dataFolder) error{
		portsFile:      func(d *dataFolder) error { return d.readPorts() },
		signingKeyFile: func(d *dataFolder) error { _, err := d.signingKey(time.Now()); return err },
		caKeyFile:      func(d *dataFolder) error { _, err := d.authority(time.Now()); return err },
	} {
		data := open(t, t.TempDir())
		if err := os.WriteFile(data.file(name), []byte("garbage"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := use(data); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestKeysStayAndAreTheirOwnersOnly(t *testing.T) {
	data := open(t, t.TempDir())
	file, err := data.signingKey(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := data.signingKey(time.Now()); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(file)
	if err != nil || string(before) != string(after) {
		t.Error("the signing key changed")
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
}

// TestAuthorityVouchesForThisMachineOnly: somebody will add it to a trust store.
func TestAuthorityVouchesForThisMachineOnly(t *testing.T) {
	now := time.Now()
	authority, err := open(t, t.TempDir()).authority(now)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority.Leaf)
	for host, good := range map[string]bool{"127.0.0.1": true, "192.0.2.1": false} {
		pair, err := serverCertificate(authority, host, "localhost", now)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(pair.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err = leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); (err == nil) != good {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestWaitingForABuildHearsTheEnd(t *testing.T) {
	dir := t.TempDir()
	unlock, err := lockFolder(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lockFolder(ctx, dir); err == nil {
		t.Error("locked twice")
	}
	unlock()
	if unlock, err = lockFolder(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	unlock()
}
