package runtime_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/child"
	"github.com/fc-sso/fc-sso/scripts/local/internal/runtime"
)

// TestMain is also the little stack that TestKilledStackLeavesNobodyBehind
// kills: the same test binary, started again.
func TestMain(m *testing.M) {
	if binary := os.Getenv("RUNTIME_TEST_STACK"); binary != "" {
		standInStack(binary)
		return
	}
	dir, err := os.MkdirTemp("", "runtime-test")
	if err != nil {
		panic(err)
	}
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", filepath.Join(dir, "probe"), "./testdata/probe")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		panic(string(out))
	}
	_ = os.Setenv("RUNTIME_TEST_PROBE", filepath.Join(dir, "probe"))
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// probe is the function that most tests use.
func probe() runtime.Function {
	return runtime.Function{
		Name: "probe", Binary: os.Getenv("RUNTIME_TEST_PROBE"), Handler: "main", MemoryMB: 512,
		Role: "acs:ram::1000000000000001:role/probe", Timeout: 10 * time.Second,
		Env: map[string]string{"PROBE_SETTING": "yes"}, HTTP: true,
	}
}

type world struct {
	*httptest.Server
	manager *runtime.Manager
	front   *runtime.Front
}

func start(t *testing.T, change func(*runtime.Function, *runtime.Options)) world {
	t.Helper()
	function := probe()
	options := runtime.Options{
		Region: "cn-hangzhou", AccountID: "1000000000000001", LogDir: t.TempDir(),
		Start: child.NewStarter(), Now: time.Now,
		Credentials: func(role, _ string) (runtime.Credentials, error) {
			return runtime.Credentials{AccessKeyID: "STS." + role, AccessKeySecret: "secret", SecurityToken: "token"}, nil
		},
	}
	if change != nil {
		change(&function, &options)
	}
	options.Functions = []runtime.Function{function}
	manager := runtime.New(options)
	t.Cleanup(manager.Close)
	routes := []runtime.Route{{Path: "/*", Function: "probe", Methods: []string{"GET", "POST"}}}
	front := runtime.NewFront(manager, routes, "sso.example.com", "alias.example.com")
	server := httptest.NewServer(front)
	t.Cleanup(server.Close)
	return world{Server: server, manager: manager, front: front}
}

// told is what the probe says that it was given.
type told struct {
	Event struct {
		Version, RawPath, Body   string
		IsBase64Encoded          bool
		Headers, QueryParameters map[string]string
		RequestContext           struct {
			AccountID, DomainName, DomainPrefix, RequestID, Time, TimeEpoch string
			HTTP                                                            struct{ Method, Path, Protocol, SourceIP, UserAgent string }
		}
	}
	Context struct {
		RequestID   string
		Credentials struct{ AccessKeyID, AccessKeySecret, SecurityToken string }
		Function    struct {
			Name, Handler, Memory string
			Timeout               int
		}
		Region, AccountID string
	}
	Env    []string
	PID    int
	LeftMS int `json:"left_ms"`
}

// answer is an HTTP response, read.
type answer struct {
	Status int
	Header http.Header
	Text   string
}

func (w world) do(t *testing.T, method, target, body string, headers ...string) answer {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, w.URL+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Add(headers[i], headers[i+1])
	}
	if host := request.Header.Get("Host"); host != "" {
		request.Host = host
		request.Header.Del("Host")
	}
	response, err := w.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{Status: response.StatusCode, Header: response.Header, Text: string(content)}
}

func (w world) ask(t *testing.T, method, target, body string, headers ...string) told {
	t.Helper()
	response := w.do(t, method, target, body, headers...)
	if response.Status != http.StatusOK {
		t.Fatalf("%s %s: %d %s", method, target, response.Status, response.Text)
	}
	var said told
	if err := json.Unmarshal([]byte(response.Text), &said); err != nil {
		t.Fatal(err)
	}
	return said
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func TestEventHasThePlatformsShape(t *testing.T) {
	w := start(t, nil)
	got := w.ask(t, "POST", "/saml/a%2Fb/acs?a=1&b=x%20y&a=2&empty=", "SAMLResponse=PHg",
		"x-acs-action", "One", "X-Acs-Action", "Two", "User-Agent", "test/1", "Host", "sso.example.com")
	equal(t, "version", got.Event.Version, "v1")
	equal(t, "rawPath", got.Event.RawPath, "/saml/a%2Fb/acs")
	equal(t, "path", got.Event.RequestContext.HTTP.Path, "/saml/a/b/acs")
	equal(t, "method", got.Event.RequestContext.HTTP.Method, "POST")
	equal(t, "sourceIp", got.Event.RequestContext.HTTP.SourceIP, "127.0.0.1")
	equal(t, "userAgent", got.Event.RequestContext.HTTP.UserAgent, "test/1")
	equal(t, "joined header", got.Event.Headers["X-Acs-Action"], "One,Two")
	equal(t, "joined query", got.Event.QueryParameters["a"], "1,2")
	equal(t, "decoded query", got.Event.QueryParameters["b"], "x y")
	equal(t, "domainName", got.Event.RequestContext.DomainName, "sso.example.com")
	equal(t, "body", got.Event.Body, "SAMLResponse=PHg")
	equal(t, "accountId", got.Event.RequestContext.AccountID, "1000000000000001")
	equal(t, "request ID", got.Event.RequestContext.RequestID, got.Context.RequestID)
	if _, err := time.Parse(time.RFC3339, got.Event.RequestContext.Time); err != nil {
		t.Error(err)
	}
	if _, err := strconv.ParseInt(got.Event.RequestContext.TimeEpoch, 10, 64); err != nil {
		t.Error(err)
	}
}

func TestHostIsPassedOnAndAliasesAreTheDomain(t *testing.T) {
	w := start(t, nil)
	for host, want := range map[string]string{"alias.example.com": "sso.example.com", "evil.example.com": "evil.example.com"} {
		got := w.ask(t, "GET", "/", "", "Host", host)
		equal(t, "domainName for "+host, got.Event.RequestContext.DomainName, want)
	}
}

func TestBodyAndQueryComeInBothForms(t *testing.T) {
	w := start(t, nil)
	var forms []bool
	for range 2 {
		forms = append(forms, w.ask(t, "POST", "/", "text").Event.IsBase64Encoded)
	}
	if forms[0] == forms[1] {
		t.Errorf("two bodies in a row came in one form: %v", forms)
	}
	if err := w.front.Set(runtime.Settings{Body: "base64", Query: "raw"}); err != nil {
		t.Fatal(err)
	}
	got := w.ask(t, "POST", "/?a=x%20y", "text")
	equal(t, "body", got.Event.Body, "dGV4dA==")
	equal(t, "raw query", got.Event.QueryParameters["a"], "x%20y")
	if err := w.front.Set(runtime.Settings{Body: "plain"}); err != nil {
		t.Fatal(err)
	}
	equal(t, "binary body in base64", w.ask(t, "POST", "/", "\xff\xfe").Event.IsBase64Encoded, true)
	if err := w.front.Set(runtime.Settings{Body: "rot13"}); err == nil {
		t.Error("a setting that does not exist was taken")
	}
}

func TestInvocationCarriesContextAndUselessEnvironment(t *testing.T) {
	w := start(t, nil)
	got := w.ask(t, "GET", "/", "")
	equal(t, "access key", got.Context.Credentials.AccessKeyID, "STS.acs:ram::1000000000000001:role/probe")
	equal(t, "token", got.Context.Credentials.SecurityToken, "token")
	equal(t, "function", got.Context.Function.Name, "probe")
	equal(t, "timeout", got.Context.Function.Timeout, 10)
	equal(t, "region", got.Context.Region, "cn-hangzhou")
	if got.LeftMS < 5000 || got.LeftMS > 10000 {
		t.Errorf("%d ms are left of 10 s", got.LeftMS)
	}
	for _, want := range []string{"PROBE_SETTING=yes", "FC_FUNCTION_NAME=probe", "ALIBABA_CLOUD_SECURITY_TOKEN=expired"} {
		if !slices.Contains(got.Env, want) {
			t.Errorf("environment lacks %s", want)
		}
	}
	if slices.ContainsFunc(got.Env, func(s string) bool { return strings.HasPrefix(s, "PATH=") || strings.HasPrefix(s, "RUNTIME_TEST") }) {
		t.Error("the stack's own environment reaches the function")
	}
}

func TestCredentialsRotateUnderALivingInstance(t *testing.T) {
	count := 0
	var over []string
	w := start(t, func(_ *runtime.Function, o *runtime.Options) {
		o.Credentials = func(string, string) (runtime.Credentials, error) {
			count++
			return runtime.Credentials{AccessKeyID: fmt.Sprint("STS.", count)}, nil
		}
		o.Over = func(c runtime.Credentials) { over = append(over, c.AccessKeyID) }
	})
	first, second := w.ask(t, "GET", "/", ""), w.ask(t, "GET", "/", "")
	equal(t, "what is over", strings.Join(over, " "), first.Context.Credentials.AccessKeyID+" "+second.Context.Credentials.AccessKeyID)
	equal(t, "instance", second.PID, first.PID)
	if first.Context.Credentials.AccessKeyID == second.Context.Credentials.AccessKeyID {
		t.Error("two invocations have the same key")
	}
}

func TestRoleThatCannotBeAssumedIsTheCallersError(t *testing.T) {
	w := start(t, func(_ *runtime.Function, o *runtime.Options) {
		o.Credentials = func(string, string) (runtime.Credentials, error) {
			return runtime.Credentials{}, errors.New("no such role")
		}
	})
	response := w.do(t, "GET", "/", "")
	equal(t, "status", response.Status, 403)
	if !strings.Contains(response.Text, "no such role") {
		t.Error(response.Text)
	}
}

func TestLimitsOfARequest(t *testing.T) {
	w := start(t, nil)
	cases := map[string]struct {
		target, body string
		headers      []string
		status       int
	}{
		"headers just below":        {"/", "", []string{"X-Long", strings.Repeat("a", 7<<10)}, 200},
		"headers of 8 KB and more":  {"/", "", []string{"X-Long", strings.Repeat("a", 8<<10)}, 400},
		"path and query just below": {"/?" + strings.Repeat("a", 4000), "", nil, 200},
		"path and query above":      {"/?" + strings.Repeat("a", 4096), "", nil, 400},
		"body above":                {"/", strings.Repeat("a", 32<<20+1), nil, 400},
		"query that is not one":     {"/?a=%zz", "", nil, 400},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			response := w.do(t, "POST", c.target, c.body, c.headers...)
			equal(t, "status", response.Status, c.status)
			if c.status == 400 && !strings.Contains(response.Text, `"InvalidArgument"`) {
				t.Error(response.Text)
			}
		})
	}
}

func TestAnswersThatThePlatformRefuses(t *testing.T) {
	w := start(t, nil)
	cases := map[string]string{
		"no object":           `"aGk="`,
		"no status":           `{"body":"x"}`,
		"odd status":          `{"statusCode":99}`,
		"bad base64":          `{"statusCode":200,"isBase64Encoded":true,"body":"%"}`,
		"long headers":        `{"statusCode":200,"headers":{"Location":"` + strings.Repeat("a", 8<<10) + `"}}`,
		"content-length":      `{"statusCode":200,"headers":{"content-length":"1"}}`,
		"server":              `{"statusCode":200,"headers":{"Server":"me"}}`,
		"x-fc-":               `{"statusCode":200,"headers":{"x-fc-status":"1"}}`,
		"attachment":          `{"statusCode":200,"headers":{"Content-Disposition":"Attachment; filename=x"}}`,
		"one header, twice":   `{"statusCode":200,"headers":{"set-cookie":"a=1","Set-Cookie":"b=2"}}`,
		"line break in value": `{"statusCode":200,"headers":{"Location":"a\r\nSet-Cookie: b"}}`,
	}
	for name, answer := range cases {
		t.Run(name, func(t *testing.T) {
			response := w.do(t, "POST", "/say", answer)
			equal(t, "status", response.Status, 502)
			if !strings.Contains(response.Text, `"BadResponse"`) {
				t.Error(response.Text)
			}
		})
	}
}

func TestAnswerIsMappedBack(t *testing.T) {
	w := start(t, nil)
	response := w.do(t, "POST", "/say", `{"statusCode":404,"headers":{"set-cookie":"a=1"},"isBase64Encoded":true,"body":"aGk="}`)
	equal(t, "status", response.Status, 404)
	equal(t, "cookie", response.Header.Get("Set-Cookie"), "a=1")
	equal(t, "body", response.Text, "hi")
	if _, guessed := response.Header["Content-Type"]; guessed {
		t.Error("a content type was made up")
	}
	if response.Header.Get("X-Fc-Request-Id") == "" {
		t.Error("no request ID")
	}
}

func TestOriginIsReflectedWhenTheFunctionSaysNothing(t *testing.T) {
	w := start(t, nil)
	silent := w.do(t, "POST", "/say", `{"statusCode":200}`, "Origin", "https://evil.example")
	equal(t, "reflected origin", silent.Header.Get("Access-Control-Allow-Origin"), "https://evil.example")
	equal(t, "credentials", silent.Header.Get("Access-Control-Allow-Credentials"), "true")
	strict := w.do(t, "POST", "/say", `{"statusCode":200,"headers":{"access-control-allow-origin":"https://sso.example.com"}}`, "Origin", "https://evil.example")
	equal(t, "own origin", strict.Header.Get("Access-Control-Allow-Origin"), "https://sso.example.com")
	equal(t, "credentials", strict.Header.Get("Access-Control-Allow-Credentials"), "")
}

func TestAsynchronousWishIsPassedOn(t *testing.T) {
	w := start(t, nil)
	got := w.ask(t, "POST", "/", "", "X-Fc-Invocation-Type", "Async")
	equal(t, "header", got.Event.Headers["X-Fc-Invocation-Type"], "Async")
}

func TestFunctionErrorsAreThePlatformsErrors(t *testing.T) {
	w := start(t, nil)
	returned := w.do(t, "GET", "/error", "")
	equal(t, "status", returned.Status, 502)
	equal(t, "type", returned.Header.Get("X-Fc-Error-Type"), "HandledInvocationError")
	if !strings.Contains(returned.Text, `"errorMessage":"returned an error"`) {
		t.Error(returned.Text)
	}
	panicked := w.do(t, "GET", "/panic", "")
	equal(t, "type", panicked.Header.Get("X-Fc-Error-Type"), "UnhandledInvocationError")
	equal(t, "instances after both", len(w.manager.Instances()["probe"]), 1)
}

func TestTimeoutAnswersTheCallerAndKillsTheInstance(t *testing.T) {
	w := start(t, func(f *runtime.Function, _ *runtime.Options) { f.Timeout = time.Second })
	before := w.ask(t, "GET", "/", "").PID
	response := w.do(t, "GET", "/hang", "")
	equal(t, "status", response.Status, 502)
	if !strings.Contains(response.Text, "timed out after 1 seconds") {
		t.Error(response.Text)
	}
	waitFor(t, "the end of the instance", func() bool { return gone(before) })
	if after := w.ask(t, "GET", "/", "").PID; after == before {
		t.Error("the instance lives on")
	}
}

func TestCrashIsAnErrorForTheCallerAndANewInstance(t *testing.T) {
	w := start(t, nil)
	before := w.ask(t, "GET", "/", "").PID
	response := w.do(t, "GET", "/crash", "")
	equal(t, "status", response.Status, 502)
	if !strings.Contains(response.Text, "exited unexpectedly") {
		t.Error(response.Text)
	}
	if after := w.ask(t, "GET", "/", "").PID; after == before {
		t.Error("the dead answers")
	}
}

func TestFunctionThatEndsAtItsStartSaysWhy(t *testing.T) {
	w := start(t, func(f *runtime.Function, _ *runtime.Options) { f.Env = map[string]string{"PROBE_EXIT": "1"} })
	err := w.manager.Warm(t.Context())
	if err == nil || !strings.Contains(err.Error(), "PROBE_EXIT is set") {
		t.Errorf("got %v", err)
	}
}

func TestInstanceIsFrozenBetweenRequests(t *testing.T) {
	w := start(t, nil)
	if err := w.manager.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	pid := w.manager.Instances()["probe"][0].PID
	for range 3 {
		waitFor(t, "the frost", func() bool { return state(pid) == "T" })
		equal(t, "instance", w.ask(t, "GET", "/", "").PID, pid)
	}
}

func TestOneRequestAtATime(t *testing.T) {
	w := start(t, func(_ *runtime.Function, o *runtime.Options) { o.Instances = 1 })
	if err := w.manager.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	pids := w.together(t, "/slow", 3)
	if took := time.Since(began); took < 900*time.Millisecond {
		t.Errorf("three requests of 300 ms took %v on one instance", took)
	}
	equal(t, "instances", len(pids), 1)
}

func TestInstancesStartOnDemandUpToFour(t *testing.T) {
	w := start(t, nil)
	pids := w.together(t, "/slow", 8)
	equal(t, "instances", len(pids), 4)
}

func TestFixedInstancesTakeTurns(t *testing.T) {
	w := start(t, func(_ *runtime.Function, o *runtime.Options) { o.Instances = 3 })
	if err := w.manager.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	var pids []int
	for range 6 {
		pids = append(pids, w.ask(t, "GET", "/", "").PID)
	}
	if !slices.Equal(pids[:3], pids[3:]) || pids[0] == pids[1] || pids[1] == pids[2] || pids[0] == pids[2] {
		t.Errorf("turns %v", pids)
	}
}

func TestKilledInstanceIsReplacedWhenTheirNumberIsFixed(t *testing.T) {
	w := start(t, func(_ *runtime.Function, o *runtime.Options) { o.Instances = 2 })
	if err := w.manager.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	victim := w.manager.Instances()["probe"][0].PID
	if err := syscall.Kill(victim, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "a replacement", func() bool {
		list := w.manager.Instances()["probe"]
		return len(list) == 2 && list[0].PID != victim && list[1].PID != victim
	})
}

func TestRoutes(t *testing.T) {
	w := start(t, nil)
	routes := []runtime.Route{
		{Path: "/a/*", Function: "short", Methods: []string{"GET"}},
		{Path: "/a/b/*", Function: "probe", Methods: []string{"GET"}},
		{Path: "/a/b/c", Function: "exact", Methods: []string{"GET"}},
	}
	front := runtime.NewFront(w.manager, routes, "sso.example.com")
	for target, want := range map[string]int{
		"GET /a/b/x": 200, // the longer prefix: probe
		"GET /a/b/c": 404, // the exact route's function does not exist here
		"GET /a/x":   404, // nor does the shorter prefix's
		"PUT /a/b/x": 405,
		"GET /other": 404,
	} {
		method, path, _ := strings.Cut(target, " ")
		recorder := httptest.NewRecorder()
		front.ServeHTTP(recorder, httptest.NewRequest(method, path, nil))
		equal(t, target, recorder.Code, want)
	}
}

func TestEventsReachFunctionsWithoutHTTP(t *testing.T) {
	w := start(t, nil)
	answer, err := w.manager.Invoke(t.Context(), "probe", []byte(`{"triggerName":"hourly"}`))
	if err != nil || !bytes.Contains(answer, []byte("statusCode")) {
		t.Errorf("%s %v", answer, err)
	}
	_, err = w.manager.Invoke(t.Context(), "nobody", nil)
	if fault, ok := errors.AsType[*runtime.PlatformError](err); !ok || fault.Code != "FunctionNotFound" {
		t.Errorf("got %v", err)
	}
}

func TestCloseLeavesNoProcess(t *testing.T) {
	w := start(t, func(_ *runtime.Function, o *runtime.Options) { o.Instances = 2 })
	if err := w.manager.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	list := w.manager.Instances()["probe"]
	w.manager.Close()
	for _, i := range list {
		if !gone(i.PID) {
			t.Errorf("process %d lives", i.PID)
		}
	}
	if _, err := w.manager.Invoke(t.Context(), "probe", nil); err == nil {
		t.Error("a closed manager works on")
	}
}

func TestKilledStackLeavesNobodyBehind(t *testing.T) {
	stack := exec.Command(os.Args[0])
	stack.Env = append(os.Environ(), "RUNTIME_TEST_STACK="+os.Getenv("RUNTIME_TEST_PROBE"))
	stdout, err := stack.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := stack.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []int
	if err := json.NewDecoder(stdout).Decode(&pids); err != nil || len(pids) != 3 {
		t.Fatalf("%v %v", pids, err)
	}
	if err := stack.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = stack.Wait()
	deadline := time.Now().Add(2 * time.Second)
	for _, pid := range pids {
		waitFor(t, "the end of "+strconv.Itoa(pid), func() bool { return gone(pid) })
	}
	if time.Now().After(deadline) {
		t.Error("it took more than 2 s")
	}
}

// standInStack warms three instances, tells their pids and waits to be killed.
func standInStack(binary string) {
	function := probe()
	function.Binary = binary
	manager := runtime.New(runtime.Options{
		Functions: []runtime.Function{function}, Instances: 3, LogDir: filepath.Dir(binary),
		Start: child.NewStarter(), Now: time.Now,
		Credentials: func(string, string) (runtime.Credentials, error) { return runtime.Credentials{}, nil },
	})
	if err := manager.Warm(context.Background()); err != nil {
		panic(err)
	}
	var pids []int
	for _, i := range manager.Instances()["probe"] {
		pids = append(pids, i.PID)
	}
	_ = json.NewEncoder(os.Stdout).Encode(pids)
	select {}
}

// together sends n requests side by side and returns the pids that answered.
func (w world) together(t *testing.T, target string, n int) map[int]int {
	t.Helper()
	answers := make(chan int, n)
	var group sync.WaitGroup
	for range n {
		group.Go(func() { answers <- w.ask(t, "GET", target, "").PID })
	}
	group.Wait()
	close(answers)
	pids := map[int]int{}
	for pid := range answers {
		pids[pid]++
	}
	return pids
}

// state is the process's letter in /proc: T is stopped.
func state(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return after[:1]
}

func gone(pid int) bool { s := state(pid); return s == "" || s == "Z" }

// waitFor polls, since the kernel tells nobody about another's state.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	ticker := time.NewTicker(2 * time.Millisecond)
	defer ticker.Stop()
	limit := time.After(10 * time.Second)
	for !done() {
		select {
		case <-ticker.C:
		case <-limit:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
