package runtime

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	startLimit   = 20 * time.Second // spawn to first next; generous, for busy machines
	apiPrefix    = "/2020-11-11/runtime/invocation/"
	answerLimit  = 48 << 20 // 32 MB of body, as base64, in JSON
	resumeLimit  = 5 * time.Second
	logFileRight = 0o600
)

// instance is one process and the Runtime API that it alone talks to: next
// carries no word about who asks, so each instance has a listener of its own.
type instance struct {
	id       string
	function Function
	options  Options

	server  *http.Server
	process *os.Process
	exited  chan struct{}
	exit    error // how it ended; read after exited

	polled   chan struct{} // closed at the first next: the cold start is over
	pollOnce sync.Once
	work     chan *invocation

	mu      sync.Mutex
	current *invocation
}

// invocation is one event on its way through an instance.
type invocation struct {
	id          string
	payload     []byte
	retry       int
	credentials Credentials
	answered    chan answer
}

type answer struct {
	body  []byte
	fault error
}

func newInvocation(call Call, credentials Credentials) *invocation {
	return &invocation{id: call.RequestID, payload: call.Payload, retry: call.Retry, credentials: credentials, answered: make(chan answer, 1)}
}

// startInstance spawns the function and returns when it asks for its first
// event. It is not frozen yet.
func startInstance(ctx context.Context, function Function, options Options) (*instance, error) {
	i := &instance{
		id: newInstanceID(), function: function, options: options,
		exited: make(chan struct{}), polled: make(chan struct{}), work: make(chan *invocation),
	}
	if err := i.spawn(ctx); err != nil {
		return nil, fmt.Errorf("function %s did not start: %w", function.Name, err)
	}
	select {
	case <-i.polled:
		return i, nil
	case <-i.exited:
		i.closeListener()
		return nil, unhandled("CAExited", fmt.Sprintf("function %s ended at its start (%v): %s",
			function.Name, i.exit, lastLine(i.logFile())))
	case <-time.After(startLimit):
		i.stop()
		<-i.exited
		i.closeListener()
		return nil, unhandled("FunctionNotStarted", fmt.Sprintf("function %s asked for no event within %v of its start", function.Name, startLimit))
	}
}

func (i *instance) spawn(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	i.server = &http.Server{Handler: i.api(), ReadHeaderTimeout: time.Minute}
	go func() { _ = i.server.Serve(listener) }()
	output, err := os.OpenFile(i.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, logFileRight)
	if err != nil {
		i.closeListener()
		return err
	}
	defer func() { _ = output.Close() }()      // the child has its own
	command := exec.Command(i.function.Binary) //nolint:noctx // its life is the instance's, not the request's
	command.Dir = filepath.Dir(i.function.Binary)
	command.Env = i.environment(listener.Addr().String())
	command.Stdout, command.Stderr = output, output
	if err := i.options.Start.Start(command); err != nil {
		i.closeListener()
		return err
	}
	i.process = command.Process
	go func() {
		i.exit = command.Wait()
		close(i.exited)
	}()
	return nil
}

// environment is what the platform sets (and nothing of ours: no PATH, no
// HOME), then what s.yaml says. The credentials in it look right and are not:
// a function that uses them instead of its invocation's fails here and not
// after the hours that real ones live.
func (i *instance) environment(api string) []string {
	env := []string{
		"FC_RUNTIME_API=" + api,
		"FC_FUNC_CODE_PATH=" + filepath.Dir(i.function.Binary),
		"FC_ACCOUNT_ID=" + i.options.AccountID,
		"FC_FUNCTION_HANDLER=" + i.function.Handler,
		"FC_FUNCTION_MEMORY_SIZE=" + strconv.Itoa(i.function.MemoryMB),
		"FC_FUNCTION_NAME=" + i.function.Name,
		"FC_INSTANCE_ID=" + i.id,
		"FC_REGION=" + i.options.Region,
		"FC_VER_ID=LATEST",
		"ALIBABA_CLOUD_ACCESS_KEY_ID=STS.NTexpiredExpiredExpired",
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET=expiredExpiredExpiredExpiredExpired",
		"ALIBABA_CLOUD_SECURITY_TOKEN=expired",
	}
	for name, value := range i.function.Env {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env
}

// invoke gives the instance one event. On error the instance is of no more use.
func (i *instance) invoke(event *invocation) (answer, error) {
	i.signal(syscall.SIGCONT)
	select {
	case i.work <- event:
	case <-i.exited:
		return answer{}, i.crashed()
	case <-time.After(resumeLimit):
		return answer{}, unhandled("FunctionUnresponsive", "the function asks for no more events")
	}
	timeout := time.NewTimer(i.function.Timeout)
	defer timeout.Stop()
	select {
	case result := <-event.answered:
		return result, nil
	case <-i.exited:
		return i.lastWord(event)
	case <-timeout.C:
		return answer{}, unhandled("FunctionTimeout", fmt.Sprintf("Function timed out after %d seconds", int(i.function.Timeout.Seconds())))
	}
}

// lastWord takes an answer that was given just before the process ended.
func (i *instance) lastWord(event *invocation) (answer, error) {
	select {
	case result := <-event.answered:
		return result, nil
	default:
		return answer{}, i.crashed()
	}
}

func (i *instance) crashed() *PlatformError {
	return unhandled("CAExited", fmt.Sprintf("Process exited unexpectedly before completing request (%v)", i.exit))
}

func (i *instance) freeze() { i.signal(syscall.SIGSTOP) }

// stop kills the process, frozen or not. The pool notices.
func (i *instance) stop() { i.signal(syscall.SIGKILL) }

func (i *instance) signal(s syscall.Signal) {
	_ = i.process.Signal(s) // only fails when the process is gone already
}

func (i *instance) closeListener() { _ = i.server.Close() }

func (i *instance) logFile() string {
	return filepath.Join(i.options.LogDir, i.function.Name+".log")
}

// api is the Runtime API as SDK v0.3.1 speaks it.
func (i *instance) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+apiPrefix+"next", i.next)
	mux.HandleFunc("POST "+apiPrefix+"{id}/response", i.finish(func(body []byte) answer { return answer{body: body} }))
	mux.HandleFunc("POST "+apiPrefix+"{id}/error", i.finish(func(body []byte) answer { return answer{fault: functionFault(body)} }))
	return mux
}

// next holds the SDK's poll until there is an event. The SDK polls again at
// once, while the event is being worked on: holding that back is what makes an
// instance serve one request at a time.
func (i *instance) next(w http.ResponseWriter, r *http.Request) {
	i.pollOnce.Do(func() { close(i.polled) })
	select {
	case event := <-i.work:
		i.setCurrent(event)
		i.describe(w.Header(), event)
		_, _ = w.Write(event.payload)
	case <-r.Context().Done():
	}
}

// describe sets the headers of next. The SDK answers nothing at all when
// deadline or timeout is missing.
func (i *instance) describe(h http.Header, event *invocation) {
	for name, value := range map[string]string{
		"X-Fc-Request-Id":        event.id,
		"X-Fc-Function-Deadline": strconv.FormatInt(i.options.Now().Add(i.function.Timeout).UnixMilli(), 10),
		"X-Fc-Function-Timeout":  strconv.Itoa(int(i.function.Timeout.Seconds())),
		"X-Fc-Function-Type":     "0",
		"X-Fc-Function-Name":     i.function.Name,
		"X-Fc-Function-Handler":  i.function.Handler,
		"X-Fc-Function-Memory":   strconv.Itoa(i.function.MemoryMB),
		"X-Fc-Access-Key-Id":     event.credentials.AccessKeyID,
		"X-Fc-Access-Key-Secret": event.credentials.AccessKeySecret,
		"X-Fc-Security-Token":    event.credentials.SecurityToken,
		"X-Fc-Region":            i.options.Region,
		"X-Fc-Account-Id":        i.options.AccountID,
		"X-Fc-Qualifier":         "LATEST",
		"X-Fc-Version-Id":        "LATEST",
	} {
		h.Set(name, value)
	}
	if event.retry > 0 {
		h.Set("X-Fc-Retry-Count", strconv.Itoa(event.retry))
	}
	h.Set("Content-Type", "application/octet-stream")
}

// finish takes the answer to the current event. The order is the point: the
// function hears that its answer arrived, then it is frozen, then the caller
// gets the answer. Whatever the function meant to do afterwards waits for the
// next request.
func (i *instance) finish(read func([]byte) answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		event := i.takeCurrent(r.PathValue("id"))
		if event == nil {
			http.Error(w, "no such invocation", http.StatusBadRequest)
			return
		}
		result := readAnswer(w, r, read)
		w.Header().Set("Content-Length", "0")
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		i.freeze()
		event.answered <- result
	}
}

func readAnswer(w http.ResponseWriter, r *http.Request, read func([]byte) answer) answer {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, answerLimit))
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return answer{fault: badResponse(fmt.Sprintf("the answer is larger than %d bytes", tooLarge.Limit))}
	}
	if err != nil {
		return answer{fault: badResponse("the answer broke off: " + err.Error())}
	}
	return read(body)
}

func (i *instance) setCurrent(event *invocation) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.current = event
}

// takeCurrent gives an event out once, to the answer that names it.
func (i *instance) takeCurrent(id string) *invocation {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.current == nil || i.current.id != id {
		return nil
	}
	event := i.current
	i.current = nil
	return event
}

// lastLine finds what a dying function had to say.
func lastLine(file string) string {
	content, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(content), []byte("\n"))
	return string(lines[len(lines)-1])
}

// newInstanceID imitates the platform's form, c-<random>.
func newInstanceID() string {
	random := make([]byte, 8)
	rand.Read(random)
	return "c-" + hex.EncodeToString(random)
}
