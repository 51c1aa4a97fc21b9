// Package stack starts the local stack for tests: the real program, its real
// children, real ports.
//
// In: a test and options. Out: a running stack with a data folder of its own,
// described by its READY line, that ends with the test, by its process ID and
// no other. It imports nothing of shared/: what is tested through it is tested
// from outside.
package stack

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/ready"
)

// Ready is the stack's READY line.
type Ready = ready.Line

// IDP is one of its demo identity providers.
type IDP = ready.IDP

// Options choose what is started; the zero value is the demo on free ports.
type Options struct {
	Data       string // empty: a folder of the test's own
	Listen     string // empty: a free port
	Federation string // a file; empty: the demo
	Instances  int    // 0: on demand
	TLS        bool   // the origin is https
	KMS        bool   // the emulated KMS has our own keys, not a file
	Timers     string // how often those of each minute come; empty: never
	Partner    bool   // Fabrikam beside the demo: people start there, by SAML
	Env        []string
}

// Stack is a running local stack.
type Stack struct {
	Ready

	command *exec.Cmd
	stderr  *lockedBuffer
	ended   chan struct{}
}

const (
	startLimit = 5 * time.Minute // a cold build on a busy machine
	stopLimit  = 15 * time.Second
)

// Start starts the whole stack.
func Start(tb testing.TB, o Options) *Stack {
	tb.Helper()
	arguments := []string{"-bin", Bin(tb), "-listen-tls", "127.0.0.1:0"}
	listen := o.Listen
	if listen == "" {
		listen = "127.0.0.1:0"
	}
	arguments = append(arguments, "-listen", listen, "-timers", cmp.Or(o.Timers, "off"))
	if o.Federation != "" {
		arguments = append(arguments, "-federation", o.Federation)
	}
	if o.TLS {
		arguments = append(arguments, "-tls")
	}
	if o.KMS {
		arguments = append(arguments, "-kms")
	}
	if o.Partner {
		arguments = append(arguments, "-partner")
	}
	if o.Instances > 0 {
		arguments = append(arguments, fmt.Sprintf("-instances=%d", o.Instances))
	}
	return startWhole(tb, o, arguments)
}

// built is what a test binary has built and need not build again: to see that
// there is nothing to do, the go command takes as long as a stack to start.
var built struct { //nolint:gochecknoglobals // a test binary has no other place of its own
	functions, program sync.Mutex

	functionsDone bool
	programFile   string
}

// startWhole has the first stack build the functions, and all others wait for it.
func startWhole(tb testing.TB, o Options, arguments []string) *Stack {
	tb.Helper()
	built.functions.Lock()
	if built.functionsDone {
		built.functions.Unlock()
		return start(tb, o, append(arguments, "-built"))
	}
	defer built.functions.Unlock()
	s := start(tb, o, arguments)
	built.functionsDone = true
	return s
}

// Tablestore starts the Tablestore server alone, which takes a moment only.
func Tablestore(tb testing.TB) *Stack {
	tb.Helper()
	return TablestoreIn(tb, tb.TempDir())
}

// TablestoreIn does so on a data folder that may have been used before.
func TablestoreIn(tb testing.TB, data string) *Stack {
	tb.Helper()
	return start(tb, Options{Data: data}, []string{"-only", "tablestore"})
}

// Bin is where the functions are built to.
func Bin(tb testing.TB) string {
	tb.Helper()
	return cacheDir(tb, "bin")
}

// Program builds the stack's program and returns its file. Tests that watch it
// fail start it themselves.
func Program(tb testing.TB) string {
	tb.Helper()
	built.program.Lock()
	defer built.program.Unlock()
	if built.programFile == "" {
		built.programFile = buildProgram(tb)
	}
	return built.programFile
}

func buildProgram(tb testing.TB) string {
	tb.Helper()
	file := filepath.Join(cacheDir(tb, "program"), "local")
	build := exec.CommandContext(tb.Context(), "go", "build", "-o", file, "./scripts/local")
	build.Dir = Root(tb)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("build of the local stack: %v\n%s", err, output)
	}
	return file
}

// Root is the repository's top folder.
func Root(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for ; dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "s.yaml")); err == nil {
			return dir
		}
	}
	tb.Fatal("the test does not run within the repository")
	return ""
}

// cacheDir is kept between test runs, so that nothing is linked twice.
func cacheDir(tb testing.TB, name string) string {
	tb.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	place := strings.ReplaceAll(strings.Trim(Root(tb), "/"), "/", "-")
	dir := filepath.Join(cache, "fc-sso", place, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		tb.Fatal(err)
	}
	return dir
}

func start(tb testing.TB, o Options, arguments []string) *Stack {
	tb.Helper()
	if o.Data == "" {
		o.Data = tb.TempDir()
	}
	program := Program(tb)
	// Not CommandContext: its end is Stop's, which gives the stack time.
	command := exec.Command(program, append(arguments, "-data", o.Data)...) //nolint:noctx // see above
	command.Dir = Root(tb)
	command.Env = append(os.Environ(), o.Env...)
	s := &Stack{command: command, stderr: &lockedBuffer{written: make(chan struct{}, 1)}, ended: make(chan struct{})}
	command.Stderr = s.stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := command.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.cleanUp(tb) })
	s.Ready, err = s.awaitReady(stdout)
	if err != nil {
		tb.Fatalf("the local stack did not start: %v\n%s", err, s.Stderr())
	}
	return s
}

// awaitReady reads stdout until the READY line, and on until its end.
func (s *Stack) awaitReady(stdout io.Reader) (Ready, error) {
	lines := make(chan string, 1)
	go func() {
		defer close(s.ended)
		defer close(lines)
		scanner := bufio.NewScanner(stdout)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			if text, ok := strings.CutPrefix(scanner.Text(), ready.Prefix); ok {
				lines <- text
			}
		}
		_ = s.command.Wait()
	}()
	select {
	case text, ok := <-lines:
		if !ok {
			return Ready{}, errors.New("it ended")
		}
		var line Ready
		return line, json.Unmarshal([]byte(text), &line)
	case <-time.After(startLimit):
		return Ready{}, fmt.Errorf("no READY within %v", startLimit)
	}
}

func (s *Stack) cleanUp(tb testing.TB) {
	tb.Helper()
	s.Stop()
	if tb.Failed() {
		tb.Logf("the local stack's stderr:\n%s", s.Stderr())
	}
}

// Stop ends the stack in order and returns when it is gone. It may be called
// twice.
func (s *Stack) Stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(stopLimit):
		s.Kill()
	}
}

// Kill ends the stack's process at once, kill -9, and returns when it is gone.
func (s *Stack) Kill() {
	_ = s.command.Process.Kill()
	<-s.ended
}

// Stderr is what the stack said so far.
func (s *Stack) Stderr() string { return s.stderr.String() }

// Reapply applies the federation file again and returns what the stack says
// about it.
func (s *Stack) Reapply(tb testing.TB) string {
	tb.Helper()
	before := len(s.Stderr())
	if err := s.command.Process.Signal(syscall.SIGHUP); err != nil {
		tb.Fatal(err)
	}
	deadline := time.After(time.Minute)
	for {
		if verdict := lastWord(s.Stderr()[before:]); verdict != "" {
			return verdict
		}
		select {
		case <-s.stderr.written:
		case <-s.ended:
			tb.Fatalf("the local stack ended: %s", s.Stderr())
		case <-deadline:
			tb.Fatal("the local stack did not apply the file within a minute")
		}
	}
}

// lastWord leaves out the greeting, which may still be on its way, and that the
// stack is at it.
func lastWord(said string) string {
	for line := range strings.Lines(said) {
		ours := strings.HasPrefix(line, "local: ") && !strings.HasPrefix(line, "local: applying ")
		if ours && strings.HasSuffix(line, "\n") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// PIDs lists the living instances of each function now.
func (s *Stack) PIDs(tb testing.TB) map[string][]int {
	tb.Helper()
	var pids map[string][]int
	if err := json.Unmarshal(s.admin(tb, http.MethodGet, "/instances", nil), &pids); err != nil {
		tb.Fatal(err)
	}
	return pids
}

// Gone reports whether a process has ended. One that only waits for init to
// take notice (a zombie) has: orphans are init's, and some take seconds.
func Gone(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(state, "Z")
}

// Fault makes the Tablestore server fail as told; see its Fault for the fields.
func (s *Stack) Fault(tb testing.TB, fault map[string]any) {
	tb.Helper()
	s.admin(tb, http.MethodPost, "/tablestore", fault)
}

// ClearFaults ends all faults.
func (s *Stack) ClearFaults(tb testing.TB) {
	tb.Helper()
	s.admin(tb, http.MethodDelete, "/tablestore", nil)
}

// Delivery is what the emulated bus or topic took; see cloud.Delivery.
type Delivery struct{ Service, Name, Text, Caller string }

// Delivered is all that was taken, oldest first.
func (s *Stack) Delivered(tb testing.TB) []Delivery {
	tb.Helper()
	var list []Delivery
	if err := json.Unmarshal(s.admin(tb, http.MethodGet, "/delivered", nil), &list); err != nil {
		tb.Fatal(err)
	}
	return list
}

// TurnKeys does something about a demo provider's signing keys; see idp.IdP.Admin
// and op.OP.Admin for what there is.
func (s *Stack) TurnKeys(tb testing.TB, idp, wish string) {
	tb.Helper()
	s.admin(tb, http.MethodPost, "/idps/"+idp+"/keys", map[string]string{"do": wish})
}

// Quirks gives a demo provider ways of others; see op.Quirks. What is not named is
// switched off.
func (s *Stack) Quirks(tb testing.TB, idp string, quirks map[string]any) {
	tb.Helper()
	s.admin(tb, http.MethodPost, "/idps/"+idp+"/quirks", quirks)
}

// Runtime chooses how events are written: body plain, base64 or alternate,
// query decoded or raw; "" leaves a choice as it is.
func (s *Stack) Runtime(tb testing.TB, body, query string) {
	tb.Helper()
	s.admin(tb, http.MethodPost, "/runtime", map[string]string{"body": body, "query": query})
}

// Clock moves the emulated services' clock against the machine's.
func (s *Stack) Clock(tb testing.TB, offset time.Duration) {
	tb.Helper()
	s.admin(tb, http.MethodPost, "/clock", map[string]string{"offset": offset.String()})
}

// EachItsOwn gives each invocation of a function role credentials of its own, which are
// refused as soon as it is over; uses, where it is not 0, after so many calls already.
func (s *Stack) EachItsOwn(tb testing.TB, uses int) {
	tb.Helper()
	s.admin(tb, http.MethodPost, "/credentials", map[string]any{"each": true, "uses": uses})
}

// Invoke hands an event to a function, by the name of its folder.
func (s *Stack) Invoke(tb testing.TB, function string, event any) []byte {
	tb.Helper()
	return s.admin(tb, http.MethodPost, "/functions/"+function, event)
}

func (s *Stack) admin(tb testing.TB, method, path string, body any) []byte {
	tb.Helper()
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			tb.Fatal(err)
		}
	}
	return s.ask(tb, method, path, content.Bytes(), nil)
}

func (s *Stack) ask(tb testing.TB, method, path string, content []byte, header http.Header) []byte {
	tb.Helper()
	request, err := http.NewRequestWithContext(tb.Context(), method, s.AdminURL+path, bytes.NewReader(content))
	if err != nil {
		tb.Fatal(err)
	}
	maps.Copy(request.Header, header)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode/100 != 2 {
		tb.Fatalf("%s %s: %s: %s %v", method, path, response.Status, answer, err)
	}
	return answer
}

// lockedBuffer is written by the process's pipe and read by the test.
type lockedBuffer struct {
	mu      sync.Mutex
	content bytes.Buffer
	written chan struct{}
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, err := b.content.Write(p)
	select {
	case b.written <- struct{}{}:
	default:
	}
	return n, err
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.content.String()
}
