// Package runtime is Function Compute on one machine, and not a kind one.
//
// In: the functions as unmodified binaries, their roles and environment, and
// the routes of the custom domain. Out: an [http.Handler] ([Front]) that turns
// each request into the event of an HTTP trigger, lets one instance answer it
// and maps the answer back; and [Manager.Invoke] for events.
//
// It refuses what the platform refuses: requests, headers, URLs and answers
// beyond the limits, headers that a function may not set, a second request
// while an instance still works. Instances are frozen (SIGSTOP) between
// requests, their role's credentials change under them, those in their
// environment are useless, and time-outs kill.
//
// Where the platform's behaviour is not documented, a setting makes both
// variants happen (see [Settings]). Not for production: no isolation at all.
package runtime

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/child"
)

// Credentials are what a function's role gets for a while.
type Credentials struct {
	AccessKeyID, AccessKeySecret, SecurityToken string
}

// String keeps the secrets out of logs.
func (c Credentials) String() string { return c.AccessKeyID + " [redacted]" }

// GoString does so for %#v.
func (c Credentials) GoString() string { return c.String() }

// Function is one function as s.yaml describes it, with its binary.
type Function struct {
	Name     string
	Binary   string // absolute path
	Handler  string
	MemoryMB int
	Role     string // ARN
	Timeout  time.Duration
	Env      map[string]string
	HTTP     bool // has an HTTP trigger: these come in -instances copies
}

// Options are what a [Manager] needs.
type Options struct {
	Functions   []Function
	Region      string
	AccountID   string
	Credentials func(role, function string) (Credentials, error) // asked before each event, so that they may rotate
	Over        func(Credentials)                                // told after each event, whose credentials these were; nil: nobody
	Instances   int                                              // of each HTTP function, always warm; 0 = on demand, up to 4
	LogDir      string                                           // one file per function with what it prints
	Start       *child.Starter
	Now         func() time.Time
}

// onDemandLimit is this machine's share of the platform's quota of instances.
// Beyond it requests wait, where the platform would answer 429.
const onDemandLimit = 4

// Manager owns the instances of all functions.
type Manager struct {
	options Options
	pools   map[string]*pool
}

// New returns a Manager; no process runs until [Manager.Warm] or the first
// invocation.
func New(options Options) *Manager {
	m := &Manager{options: options, pools: map[string]*pool{}}
	for _, function := range options.Functions {
		start := func(ctx context.Context) (*instance, error) { return startInstance(ctx, function, options) }
		limit, fixed := onDemandLimit, false
		if function.HTTP && options.Instances > 0 {
			limit, fixed = options.Instances, true
		}
		m.pools[function.Name] = newPool(start, limit, fixed)
	}
	return m
}

// Warm starts one instance of each function, all N of an HTTP function when
// their number is fixed, side by side, and freezes them.
func (m *Manager) Warm(ctx context.Context) error {
	var group sync.WaitGroup
	failures := make(chan error, len(m.pools))
	for _, p := range m.pools {
		group.Go(func() { failures <- p.warm(ctx) })
	}
	group.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

// Invoke hands payload to a free instance of the named function and returns
// what it answered. Every error is a [*PlatformError].
//
// A caller that goes away while waiting for an instance is forgotten; once an
// instance has the event it works on, as on the platform.
func (m *Manager) Invoke(ctx context.Context, function string, payload []byte) ([]byte, error) {
	return m.Do(ctx, Call{Function: function, Payload: payload})
}

// Call is one invocation.
type Call struct {
	Function  string
	RequestID string // "": a new one
	Payload   []byte
	Retry     int // of an asynchronous one: how many attempts there were
}

// Do is [Manager.Invoke] with more to say.
func (m *Manager) Do(ctx context.Context, call Call) ([]byte, error) {
	p, ok := m.pools[call.Function]
	if !ok {
		return nil, &PlatformError{Status: 404, Code: "FunctionNotFound", Message: fmt.Sprintf("function %q does not exist", call.Function)}
	}
	if call.RequestID == "" {
		call.RequestID = m.newRequestID()
	}
	worker, err := p.take(ctx)
	if err != nil {
		return nil, asFault(err)
	}
	credentials, err := m.options.Credentials(worker.function.Role, call.Function)
	if err != nil {
		p.give(worker)
		return nil, &PlatformError{Status: http.StatusForbidden, Code: "AccessDenied", Message: err.Error()}
	}
	answer, err := worker.invoke(newInvocation(call, credentials))
	if m.options.Over != nil {
		m.options.Over(credentials)
	}
	if err != nil {
		worker.stop()
		return nil, asFault(err)
	}
	p.give(worker)
	return answer.body, answer.fault
}

// Renew puts new instances in the place of a function's, as the platform does when it
// likes. Nobody may be asking the function.
func (m *Manager) Renew(ctx context.Context, function string) error {
	return m.pools[function].renew(ctx)
}

// Close ends every instance: first the processes, then what they listen to,
// because the SDK calls a silent Runtime API again without a pause.
func (m *Manager) Close() {
	var group sync.WaitGroup
	for _, p := range m.pools {
		group.Go(p.close)
	}
	group.Wait()
}

// InstanceInfo is one instance as the admin page lists it.
type InstanceInfo struct {
	ID  string `json:"id"`
	PID int    `json:"pid"`
}

// Instances lists the living instances by function.
func (m *Manager) Instances() map[string][]InstanceInfo {
	list := map[string][]InstanceInfo{}
	for _, name := range slices.Sorted(maps.Keys(m.pools)) {
		list[name] = m.pools[name].list()
	}
	return list
}

// newRequestID imitates the platform's form, 1-<seconds in hex>-<96 random bits>.
func (m *Manager) newRequestID() string {
	random := make([]byte, 12)
	rand.Read(random)
	return fmt.Sprintf("1-%08x-%s", m.options.Now().Unix(), hex.EncodeToString(random))
}
