package stories_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// coldStarts is how often each binary is started; the median is quoted.
const coldStarts = 31

// helloWorld is the smallest HTTP function there is: what a start costs anyway.
const helloWorld = `package main

import (
	"context"

	"github.com/aliyun/fc-runtime-go-sdk/events"
	"github.com/aliyun/fc-runtime-go-sdk/fc"
)

func main() {
	fc.Start(func(context.Context, events.HTTPTriggerEvent) (*events.HTTPTriggerResponse, error) {
		return &events.HTTPTriggerResponse{StatusCode: 200, Headers: map[string]string{}, Body: "hello"}, nil
	})
}
`

// program is one function binary and the event that it answers first.
type program struct {
	name, event string
	binary      string
	size        int64
	starts      []time.Duration // spawn to first answer
	memory      []int64         // resident bytes after it
}

// BenchmarkColdStart prints, for each function and for hello-world in the same
// run, the size of the binary, the time from spawn to the first answer and the
// memory that it holds when idle. The rounds go round all binaries in turn, so
// that a noisy machine is noisy for all of them.
func BenchmarkColdStart(b *testing.B) {
	dir := b.TempDir()
	env := functionEnvironment(b, dir)
	programs := buildFunctions(b, dir)
	for b.Loop() {
		for range coldStarts {
			for _, p := range programs {
				p.start(b, env)
			}
		}
	}
	hello := median(programs[0].starts)
	b.Logf("%-18s %9s %12s %8s %10s", "binary", "size", "first answer", "ratio", "idle RSS")
	for _, p := range programs {
		start := median(p.starts)
		ratio := float64(start) / float64(hello)
		b.Logf("%-18s %6.2f MB %9.2f ms %7.2fx %7.1f MB", p.name, float64(p.size)/1e6,
			float64(start.Microseconds())/1e3, ratio, float64(median(p.memory))/1e6)
		b.ReportMetric(ratio, strings.ReplaceAll(p.name, " ", "-")+"-x")
	}
}

func median[T int64 | time.Duration](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

// buildFunctions builds hello-world and the functions as they are deployed.
func buildFunctions(tb testing.TB, dir string) []*program {
	tb.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		tb.Fatal(err)
	}
	source := filepath.Join(dir, "hello.go")
	if err := os.WriteFile(source, []byte(helloWorld), 0o600); err != nil {
		tb.Fatal(err)
	}
	programs := []*program{
		{name: "hello-world", binary: source, event: httpEvent("/healthz")},
		{name: "saml-acs", event: httpEvent("/saml/healthz")},
		{name: "oidc-exchange", event: httpEvent("/oidc/healthz")},
		{name: "portal", event: httpEvent("/healthz")},
		{name: "scim", event: httpEvent("/scim/healthz")},
		{name: "metadata-rotation", event: `{}`}, // a refusal: what it does costs what its sources do
		{name: "provisioning", event: `{"id":"1","source":"test","specversion":"1.0","type":"t","data":{}}`},
	}
	for _, p := range programs {
		target := p.binary
		if target == "" {
			target = "./functions/" + p.name
		}
		p.binary = filepath.Join(dir, p.name)
		build := exec.CommandContext(tb.Context(), "go", "build", "-trimpath", "-ldflags=-s -w", "-o", p.binary, target)
		build.Dir = root
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
		if out, err := build.CombinedOutput(); err != nil {
			tb.Fatalf("build %s: %v\n%s", p.name, err, out)
		}
		info, err := os.Stat(p.binary)
		if err != nil {
			tb.Fatal(err)
		}
		p.size = info.Size()
	}
	return programs
}

func httpEvent(path string) string {
	return fmt.Sprintf(`{"version":"v1","rawPath":%[1]q,"body":"","isBase64Encoded":false,"headers":{"Host":"127.0.0.1:1"},"queryParameters":{},
"requestContext":{"accountId":"1000000000000001","domainName":"127.0.0.1:1","requestId":"1-64f6cd87-1","time":"2026-11-23T08:07:00Z","timeEpoch":"1795421220000",
"http":{"method":"GET","path":%[1]q,"protocol":"HTTP/1.1","sourceIp":"127.0.0.1","userAgent":"bench"}}}`, path)
}

// functionEnvironment is a complete configuration whose services nobody calls.
func functionEnvironment(tb testing.TB, dir string) []string {
	tb.Helper()
	return []string{
		"SSO_LOCAL_STACK=1", "SSO_URL=http://127.0.0.1:1",
		"SSO_OTS_ENDPOINT=http://127.0.0.1:1", "SSO_OTS_INSTANCE=local",
		"SSO_STS_ENDPOINT=http://127.0.0.1:1", "SSO_SIGNIN_ENDPOINT=http://localhost:1", "SSO_FC_ENDPOINT=http://127.0.0.1:1",
		"SSO_IMS_ENDPOINT=http://127.0.0.1:1", "SSO_RAM_ENDPOINT=http://127.0.0.1:1",
		"SSO_SIGNING_KEY_FILE=" + signingKeyFile(tb, dir),
	}
}

// selfSigned is a key and a certificate over it, in DER.
func selfSigned(tb testing.TB) (*rsa.PrivateKey, []byte) {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fc-sso"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	return key, cert
}

func signingKeyFile(tb testing.TB, dir string) string {
	tb.Helper()
	key, cert := selfSigned(tb)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})...)
	file := filepath.Join(dir, "signing.pem")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}

// start spawns the binary under a Runtime API that hands out one event, and
// notes how long the answer took and what the process holds afterwards.
func (p *program) start(tb testing.TB, env []string) {
	tb.Helper()
	answered := make(chan string, 1)
	handed := make(chan struct{}, 1)
	handed <- struct{}{}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/next") {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				body = []byte(err.Error())
			}
			answered <- r.URL.Path + " " + string(body)
			return
		}
		select {
		case <-handed:
		case <-r.Context().Done(): // the process was killed: there is no second event
			return
		}
		h := w.Header()
		h.Set("X-Fc-Request-Id", "1-64f6cd87-1")
		h.Set("X-Fc-Function-Timeout", "10")
		h.Set("X-Fc-Function-Deadline", strconv.FormatInt(time.Now().Add(10*time.Second).UnixMilli(), 10))
		h.Set("X-Fc-Access-Key-Id", "STS.bench")
		h.Set("X-Fc-Access-Key-Secret", "secret")
		h.Set("X-Fc-Security-Token", "token")
		_, _ = io.WriteString(w, p.event)
	}))
	defer api.Close()
	process := exec.CommandContext(tb.Context(), p.binary)
	process.Env = append(slices.Clone(env), "FC_RUNTIME_API="+net.JoinHostPort("127.0.0.1", portOf(api.URL)))
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	begun := time.Now()
	if err := process.Start(); err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = process.Wait() }()
	defer func() { _ = process.Process.Kill() }()
	select {
	case answer := <-answered:
		p.starts = append(p.starts, time.Since(begun))
		if !strings.Contains(answer, "/response ") || strings.Contains(answer, `"statusCode":5`) {
			tb.Fatalf("%s: first answer: %s", p.name, answer)
		}
	case <-time.After(10 * time.Second):
		tb.Fatalf("%s did not answer", p.name)
	}
	p.memory = append(p.memory, memoryOf(tb, process.Process.Pid, "VmRSS"))
}

func portOf(url string) string { return url[strings.LastIndex(url, ":")+1:] }

// memoryOf is a line of what the kernel knows of a process, in bytes: VmRSS, what it
// holds, VmHWM, the most that it has held.
func memoryOf(tb testing.TB, pid int, line string) int64 {
	tb.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		tb.Fatal(err)
	}
	for text := range strings.Lines(string(status)) {
		if field, ok := strings.CutPrefix(text, line+":"); ok {
			kb, err := strconv.ParseInt(strings.Fields(field)[0], 10, 64)
			if err != nil {
				tb.Fatal(err)
			}
			return kb * 1024
		}
	}
	tb.Fatalf("process %d has no %s", pid, line)
	return 0
}
