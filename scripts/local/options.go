package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/fc-sso/fc-sso/scripts/local/internal/delivery"
)

// options are the command line.
type options struct {
	listen, listenTLS string
	tls               bool
	data, bin         string
	built             bool
	federation        string
	instances         int
	partner           bool
	kms               bool
	timers            string
	only              string
}

const usage = `usage: go run ./scripts/local [flags]

Builds and starts the functions under an emulated Function Compute, with a
Tablestore server, STS, RAM, KMS, the console's sign-in and two demo identity
providers.
For this machine only, never for production.
`

// readOptions reads the command line. flag.ErrHelp means that help was printed.
func readOptions(arguments []string, help io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8080", "loopback `address` of the bundle; port 0 takes a free one")
	flags.StringVar(&o.listenTLS, "listen-tls", "", "loopback `address` of the same routes over TLS (default 127.0.0.1:8443, or a free port when -listen is given)")
	flags.BoolVar(&o.tls, "tls", false, "make the TLS address the origin: url, redirects and cookies are https")
	flags.StringVar(&o.data, "data", ".local", "`folder` for the state: tables, keys, certificates, logs")
	flags.StringVar(&o.bin, "bin", "", "`folder` for the built functions (default bin in the data folder)")
	flags.BoolVar(&o.built, "built", false, "start what is in the -bin folder, as it is, and build nothing")
	flags.StringVar(&o.federation, "federation", "", "federation.yaml to apply at the start and on SIGHUP, instead of the demo's (`file`)")
	flags.IntVar(&o.instances, "instances", 0, "keep exactly `N` warm instances of each HTTP function (default: on demand, up to 4)")
	flags.BoolVar(&o.partner, "partner", false, "start a third demo identity provider too: Fabrikam, whose people start there, by SAML")
	flags.BoolVar(&o.kms, "kms", false, "let the emulated KMS have the keys that sign and decrypt, instead of a file")
	flags.StringVar(&o.timers, "timers", "1m", "how `often` the timers come that s.yaml has come each minute; off: never")
	flags.StringVar(&o.only, "only", "", "start one `part` alone: tablestore")
	if err := flags.Parse(arguments); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			say(help, usage)
			flags.SetOutput(help)
			flags.PrintDefaults()
			return o, err
		}
		return o, complain("command line", err, "see go run ./scripts/local -h")
	}
	if flags.NArg() > 0 {
		return o, complain("command line", fmt.Errorf("%q is no flag", flags.Arg(0)), "see go run ./scripts/local -h")
	}
	return o.complete()
}

// complete fills in the defaults that depend on others and checks the values.
func (o options) complete() (options, error) {
	if o.listenTLS == "" {
		o.listenTLS = "127.0.0.1:8443"
		if o.listen != "127.0.0.1:8080" {
			o.listenTLS = "127.0.0.1:0"
		}
	}
	for name, address := range map[string]string{"-listen": o.listen, "-listen-tls": o.listenTLS} {
		if err := checkLoopback(address); err != nil {
			return o, complain(name+" "+address, err, "give a loopback address such as 127.0.0.1:8080")
		}
	}
	if o.instances < 0 || o.instances > 64 {
		return o, complain(fmt.Sprintf("-instances %d", o.instances), errors.New("out of range"), "give 1 to 64, or 0 for instances on demand")
	}
	if err := delivery.CheckTimers(o.timers); err != nil {
		return o, complain("-timers "+o.timers, err, "give a time such as 1m, or off")
	}
	if o.built && o.bin == "" {
		return o, complain("-built", errors.New("where is not said"), "give -bin, the folder of an earlier start")
	}
	if o.partner && o.federation != "" {
		return o, complain("-partner", errors.New("it belongs to the demo, and -federation replaces that"), "leave one of them out")
	}
	if o.only != "" && o.only != "tablestore" {
		return o, complain("-only "+o.only, errors.New("there is no such part"), "give -only tablestore, or nothing for everything")
	}
	return o.absolute()
}

// absolute resolves the paths, since children run elsewhere.
func (o options) absolute() (options, error) {
	if o.bin == "" {
		o.bin = filepath.Join(o.data, "bin")
	}
	for _, path := range []*string{&o.data, &o.bin, &o.federation} {
		if *path == "" {
			continue
		}
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return o, complain(*path, err, "give an absolute path")
		}
		*path = absolute
	}
	if o.federation == "" {
		return o, nil
	}
	if _, err := os.ReadFile(o.federation); err != nil {
		return o, complain("-federation "+o.federation, cause(err), "give a file that this user may read")
	}
	return o, nil
}

// checkLoopback keeps an emulator without real security off the network.
func checkLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return errors.New("not an address and port")
	}
	// Names would do for listening, but localhost is the demo identity
	// providers' site, and the bundle has to be another one for the browser.
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return errors.New("not a loopback IP address, and this is not for production")
	}
	return nil
}

// complaint is what the person at the terminal reads: one line, which says
// where, why, and what to do.
type complaint string

func (c complaint) Error() string { return "local: " + string(c) }

func complain(what string, err error, fix string) error {
	oneLine := strings.Join(strings.Fields(err.Error()), " ")
	return complaint(what + ": " + oneLine + "; " + fix)
}

// cause leaves out the operation and path that *fs.PathError repeats.
func cause(err error) error {
	if path, ok := errors.AsType[*os.PathError](err); ok {
		return path.Err
	}
	return err
}
