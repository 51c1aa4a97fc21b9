package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// ssoctlSource is the operator's command, which applies the federation file.
const ssoctlSource = "./scripts/ssoctl"

// slowBuild is when a build that nobody watches says that it goes on.
const slowBuild = 15 * time.Second

// build builds the functions as they are deployed, and ssoctl. The go command
// leaves a binary alone that is up to date, but takes half a second to see it.
func (s *station) build(ctx context.Context) error {
	if s.options.built {
		return nil
	}
	root, err := repositoryRoot()
	if err != nil {
		return err
	}
	arguments := []string{"build", "-trimpath", "-ldflags=-s -w", "-o", s.options.bin + string(filepath.Separator)}
	for _, described := range s.file.Functions {
		arguments = append(arguments, described.Source)
	}
	unlock, err := lockFolder(ctx, s.options.bin)
	if err != nil {
		return complain("folder "+s.options.bin, cause(err), "give -bin a folder that this user may write to")
	}
	defer unlock()
	var output bytes.Buffer
	command := exec.CommandContext(ctx, "go", append(arguments, ssoctlSource)...)
	command.Dir, command.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	command.Stdout, command.Stderr = &output, &output
	defer s.progress("building the functions; the first time takes a minute or two")()
	if err := s.starter.Run(command); err != nil {
		return complain("build", compilerFault(err, output.String()), "mend it; go build ./... shows all of it")
	}
	return nil
}

func (s *station) binary(source string) string {
	return filepath.Join(s.options.bin, filepath.Base(source))
}

// lockFolder keeps two stacks that share a folder from building at once. It
// polls, since a blocking lock would not hear Ctrl-C.
func lockFolder(ctx context.Context, dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			_ = lock.Close()
			return nil, ctx.Err()
		}
	}
	return func() { _ = lock.Close() }, nil
}

// compilerFault finds the first line that names a place.
func compilerFault(err error, output string) error {
	if errors.Is(err, exec.ErrNotFound) {
		return err
	}
	for line := range strings.Lines(output) {
		if strings.Contains(line, ".go:") {
			return errors.New(strings.TrimSpace(line))
		}
	}
	first, _, _ := strings.Cut(strings.TrimSpace(output), "\n")
	return fmt.Errorf("%w: %s", err, first)
}

// progress tells a person at a terminal at once what goes on, and everybody
// else (a log, a test that wants exactly one line) only when it takes long. The
// returned function ends it.
func (s *station) progress(text string) (done func()) {
	delay := slowBuild
	if isTerminal(s.stderr) {
		delay = 0
	}
	timer := time.AfterFunc(delay, func() { say(s.stderr, "local: "+text) })
	return func() { timer.Stop() }
}

func isTerminal(w any) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
