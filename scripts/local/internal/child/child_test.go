package child_test

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/child"
)

func TestCancelEndsTheWholeGroup(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	command := exec.CommandContext(ctx, "sh", "-c", "sleep 600 & echo started; wait")
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.NewStarter().Start(command); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	cancel()
	// The pipe ends when the grandchild is gone too.
	ended := make(chan struct{})
	go func() { defer close(ended); _, _ = io.Copy(io.Discard, stdout); _ = command.Wait() }()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("the grandchild lives on")
	}
}

func TestWhatCannotBeStartedIsAnError(t *testing.T) {
	if err := child.NewStarter().Run(exec.CommandContext(t.Context(), "/nonexistent")); err == nil {
		t.Error("no error")
	}
}
