// Package child starts processes that cannot outlive this one.
//
// In: an [exec.Cmd]. Out: the same command, running, in a process group of its
// own (Ctrl-C at the terminal is ours to handle) and with SIGKILL as its
// parent-death signal, so that even kill -9 of the stack leaves nobody behind.
//
// The kernel sends that signal when the *thread* that forked ends, not the
// process (prctl(2), PR_SET_PDEATHSIG). Go may end threads, so all forking is
// done by one goroutine that is locked to its thread and never returns.
package child

import (
	"os/exec"
	"runtime"
	"syscall"
)

// Starter forks on a thread that lives as long as the process.
type Starter struct {
	requests chan request
}

type request struct {
	command *exec.Cmd
	started chan error
}

// NewStarter returns a Starter with its thread.
func NewStarter() *Starter {
	s := &Starter{requests: make(chan request)}
	go s.fork()
	return s
}

func (s *Starter) fork() {
	runtime.LockOSThread()
	for r := range s.requests {
		r.started <- r.command.Start()
	}
}

// Start starts command. The caller waits for it as usual. Where the command has
// a context, that ends the whole group: the go command has children of its own.
func (s *Starter) Start(command *exec.Cmd) error {
	if command.Cancel != nil {
		command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	}
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	r := request{command: command, started: make(chan error)}
	s.requests <- r
	return <-r.started
}

// Run starts command and waits for its end.
func (s *Starter) Run(command *exec.Cmd) error {
	if err := s.Start(command); err != nil {
		return err
	}
	return command.Wait()
}
