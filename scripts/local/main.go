// Command local is the whole of fc-sso on one machine: the real function
// binaries under an emulated Function Compute, with an embedded Tablestore
// server, an emulated cloud (STS, RAM, KMS, the console's sign-in) and two demo
// identity providers. In: s.yaml, a federation file, the flags. Out: one line READY
// {json} on stdout when all of it answers.
//
// It listens on loopback only and refuses any other address: it is no place
// for real people or real keys. Whatever ends it (a signal, its parent's death,
// kill -9) ends all that it started.
package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Exit codes. `go run` shows any of them but 0 as its own 1.
const (
	exitOK     = 0
	exitRefuse = 2
)

// stopLimit bounds an orderly stop; then the kernel does it (see package child).
const stopLimit = 8 * time.Second

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(arguments []string, stdout, stderr io.Writer) int {
	o, err := readOptions(arguments, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		return refuse(stderr, err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ctx = whileParentLives(ctx)
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP) // before READY: whoever reads that may send one at once
	s := newStation(o, stderr)
	defer s.stop()
	if err := s.start(ctx); err != nil {
		if ctx.Err() != nil {
			return exitOK // somebody changed their mind
		}
		return refuse(stderr, err)
	}
	if err := s.announce(stdout, stderr); err != nil {
		return refuse(stderr, complain("standard output", err, "keep it open"))
	}
	s.serveSignals(ctx, hangups)
	return exitOK
}

func refuse(stderr io.Writer, err error) int {
	if _, ok := errors.AsType[complaint](err); !ok {
		err = complain("start", err, "see the logs in the data folder")
	}
	say(stderr, err.Error())
	return exitRefuse
}

// whileParentLives ends the context when the parent process does: `go run`
// starts this program as its child and, killed, takes no word of it along. A
// parent-death signal would not do: it goes by thread, and the parent is not
// ours to arrange.
func whileParentLives(parent context.Context) context.Context {
	ctx, cancel := context.WithCancel(parent)
	original := os.Getppid()
	go func() {
		ticker := time.NewTicker(200 * time.Millisecond)
		defer ticker.Stop()
		for os.Getppid() == original {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return
			}
		}
		cancel()
	}()
	return ctx
}

// serveSignals applies the federation file again at each SIGHUP, until ctx ends.
func (s *station) serveSignals(ctx context.Context, hangups <-chan os.Signal) {
	for {
		select {
		case <-hangups:
			s.reapply(ctx)
		case <-ctx.Done():
			return
		}
	}
}
