package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/child"
	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
	"github.com/fc-sso/fc-sso/scripts/local/internal/delivery"
	"github.com/fc-sso/fc-sso/scripts/local/internal/ready"
	"github.com/fc-sso/fc-sso/scripts/local/internal/runtime"
	"github.com/fc-sso/fc-sso/scripts/local/internal/sfile"
	"github.com/fc-sso/fc-sso/scripts/local/internal/tablestore"
)

// bundleAccount is the emulated account in which the functions run.
const bundleAccount = "1000000000000001"

// region is where the local stack says that it is.
const region = "cn-hangzhou"

// tablestoreInstance is the one instance of the emulated Tablestore.
const tablestoreInstance = "local"

// station holds all parts of the local stack. Each step of the start fills in
// what later steps need and notes how to end it.
type station struct {
	options options
	stderr  io.Writer
	starter *child.Starter
	clock   clock
	closers []func()

	data  *dataFolder
	log   *slog.Logger
	ports listeners
	line  ready.Line

	cloud      *cloud.Cloud
	tables     *tablestore.Server
	doors      map[string]http.Handler // side doors of the demo's providers
	asserted   []string                // roles that the demo's people say they have
	file       sfile.File
	federation string
	applied    []string // what ssoctl said last
	believers  atomic.Pointer[[]believer]
	manager    *runtime.Manager
	front      *runtime.Front
	queue      *delivery.Queue
}

// clock is the emulated services' clock: the machine's, moved by a test.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.offset.Load())) }

func newStation(o options, stderr io.Writer) *station {
	return &station{options: o, stderr: stderr, starter: child.NewStarter(), doors: map[string]http.Handler{}, line: ready.Line{IDPs: []ready.IDP{}}}
}

func (s *station) start(ctx context.Context) error {
	steps := []func(context.Context) error{s.openData, s.openLog, s.openPorts, s.startCloud, s.startTables}
	if s.options.only == "" {
		steps = append(steps, s.startIDPs, s.readFile, s.build, s.prepareFederation, s.apply, s.initKeys, s.pushers, s.startFunctions, s.openFront, s.welcome, s.awaitAnswers, s.startTimers)
	}
	steps = append(steps, s.startAdmin)
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// stop ends everything in the opposite order, and does not wait for ever.
func (s *station) stop() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, end := range slices.Backward(s.closers) {
			end()
		}
	}()
	select {
	case <-done:
	case <-time.After(stopLimit):
	}
}

func (s *station) onStop(end func()) { s.closers = append(s.closers, end) }

func (s *station) openData(context.Context) (err error) {
	s.data, err = openData(s.options.data)
	if err != nil {
		return err
	}
	s.onStop(s.data.close)
	s.line.PID, s.line.Data = os.Getpid(), s.data.path
	return nil
}

func (s *station) openLog(context.Context) error {
	file, err := os.OpenFile(s.data.file("logs/emulators.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return complain("data folder "+s.data.path, cause(err), "give -data a folder that this user may write to")
	}
	s.onStop(func() { _ = file.Close() })
	s.log = slog.New(slog.NewJSONHandler(file, nil))
	return nil
}

func (s *station) startCloud(context.Context) (err error) {
	options := cloud.Options{DataDir: s.data.path, BundleAccount: bundleAccount, Now: s.clock.now, Log: s.log}
	if s.ports.signin != nil {
		options.SigninURL = localhost(s.ports.signin)
	}
	if s.cloud, err = cloud.New(options); err != nil {
		return complain("data folder "+s.data.path, err, "delete the file that it names, or give -data another folder")
	}
	if s.options.only != "" {
		return nil
	}
	s.serve(s.ports.sts, s.cloud.STS())
	s.serve(s.ports.ims, s.cloud.IMS())
	s.serve(s.ports.ram, s.cloud.RAM())
	s.serve(s.ports.kms, s.cloud.KMS())
	s.serve(s.ports.eventbridge, s.cloud.EventBridge(region))
	s.serve(s.ports.mns, s.cloud.MNS(region))
	s.serve(s.ports.signin, s.cloud.Signin())
	key := s.cloud.AdminKey()
	s.line.Cloud = &ready.Cloud{
		STS: origin("http", s.ports.sts), IMS: origin("http", s.ports.ims), RAM: origin("http", s.ports.ram),
		KMS: origin("http", s.ports.kms), EventBridge: origin("http", s.ports.eventbridge), MNS: origin("http", s.ports.mns),
		Signin:      options.SigninURL,
		AccessKeyID: key.AccessKeyID, AccessKeySecret: key.AccessKeySecret,
	}
	return nil
}

func (s *station) startTables(context.Context) (err error) {
	file := s.data.file("tablestore.db")
	s.tables, err = tablestore.Open(tablestore.Options{
		Path: file, Instance: tablestoreInstance, Lookup: s.cloud.Lookup, Now: s.clock.now, Log: s.log,
	})
	if err != nil {
		return complain("data folder "+s.data.path, fmt.Errorf("tablestore.db: %w", cause(err)), "delete that file, or give -data another folder")
	}
	s.onStop(func() { _ = s.tables.Close() })
	s.serve(s.ports.tables, s.tables)
	key := s.cloud.AdminKey()
	s.line.Tablestore = ready.Tablestore{
		Endpoint: origin("http", s.ports.tables), Instance: tablestoreInstance,
		AccessKeyID: key.AccessKeyID, AccessKeySecret: key.AccessKeySecret,
	}
	return nil
}

func (s *station) serve(listener net.Listener, handler http.Handler) {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	s.onStop(func() { _ = server.Close() })
	go func() { _ = server.Serve(listener) }()
}

// openFront lets requests in, by HTTP and by TLS: one domain on two ports.
func (s *station) openFront(context.Context) error {
	host, _, _ := net.SplitHostPort(s.ports.frontTLS.Addr().String())
	config, err := s.tlsConfig(host, "localhost")
	if err != nil {
		return err
	}
	s.line.TLSURL, s.line.CAFile = origin("https", s.ports.frontTLS), s.data.file(caFile)
	s.serve(s.ports.front, s.front)
	s.serve(tls.NewListener(s.ports.frontTLS, config), s.front)
	return nil
}

// tlsConfig is that of a server at an address and under a name of this machine.
func (s *station) tlsConfig(host, name string) (*tls.Config, error) {
	now := s.clock.now()
	authority, err := s.data.authority(now)
	if err != nil {
		return nil, err
	}
	certificate, err := serverCertificate(authority, host, name, now)
	return &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, err
}

// announce prints READY for programs and a few lines for people.
func (s *station) announce(stdout, stderr io.Writer) error {
	text, err := json.Marshal(s.line)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(stdout, "%s%s\n", ready.Prefix, text); err != nil {
		return err
	}
	if s.options.only != "" {
		return nil
	}
	say(stderr, s.greeting())
	return nil
}

func (s *station) greeting() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n  fc-sso runs at    %s    (also %s, certificate authority %s)\n", s.line.URL, s.line.TLSURL, s.line.CAFile)
	for _, provider := range s.line.IDPs {
		var users []string
		for _, user := range provider.Users {
			users = append(users, user.Username+" / "+user.Password)
		}
		fmt.Fprintf(&b, "  sign in with      %s: %s\n", provider.Title, strings.Join(users, ", "))
	}
	if s.line.SCIM != nil {
		fmt.Fprintf(&b, "  people by SCIM    %s    (Authorization: Bearer %s)\n", s.line.SCIM.URL, s.line.SCIM.Token)
	}
	fmt.Fprintf(&b, "  rules             %s    (kill -HUP %d applies it again)\n", s.federation, s.line.PID)
	for _, line := range s.applied {
		fmt.Fprintf(&b, "                    %s\n", line)
	}
	fmt.Fprintf(&b, "  what is logged    %s\n  stop              Ctrl-C\n", s.data.file("logs"))
	return b.String()
}

// say writes to a person; nobody is left to tell when that fails.
func say(stderr io.Writer, text string) { _, _ = fmt.Fprintln(stderr, text) }
