package stack_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
)

// TestBadInputIsOneClearLine starts the program as a person would, wrongly.
func TestBadInputIsOneClearLine(t *testing.T) {
	program := stack.Program(t)
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busy.Close() })
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("no folder"), 0o600); err != nil {
		t.Fatal(err)
	}
	garbled := t.TempDir()
	if err := os.WriteFile(filepath.Join(garbled, "tablestore.db"), bytes.Repeat([]byte("garbage "), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	running := stack.Tablestore(t)
	cases := map[string]struct {
		arguments []string
		want      string
	}{
		"unknown flag":           {[]string{"-nonsense"}, "not defined: -nonsense"},
		"bad number":             {[]string{"-instances", "many"}, "-instances"},
		"too many instances":     {[]string{"-instances", "65"}, "out of range"},
		"an argument":            {[]string{"start"}, `"start" is no flag`},
		"unknown part":           {[]string{"-only", "kms"}, "no such part"},
		"an address of the net":  {[]string{"-listen", "0.0.0.0:0"}, "not a loopback"},
		"a name for an address":  {[]string{"-listen", "localhost:0"}, "not a loopback"},
		"no address":             {[]string{"-listen", "8080"}, "not an address"},
		"a taken port":           {[]string{"-listen", busy.Addr().String()}, "address already in use"},
		"a taken TLS port":       {[]string{"-listen", "127.0.0.1:0", "-listen-tls", busy.Addr().String()}, "address already in use"},
		"a file as folder":       {[]string{"-only", "tablestore", "-data", file}, "not a directory"},
		"a garbled database":     {[]string{"-only", "tablestore", "-data", garbled}, "tablestore.db"},
		"a folder in use":        {[]string{"-only", "tablestore", "-data", running.Data}, fmt.Sprintf("process %d", running.PID)},
		"a partner of no demo":   {[]string{"-partner", "-federation", file}, "-federation replaces"},
		"built, but not where":   {[]string{"-built"}, "give -bin"},
		"built, but not there":   {[]string{"-built", "-bin", t.TempDir(), "-listen", "127.0.0.1:0"}, "no such file"},
		"no federation file":     {[]string{"-federation", file + ".yaml"}, "no such file"},
		"a folder as federation": {[]string{"-federation", filepath.Dir(file)}, "is a directory"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			arguments := c.arguments
			if !slices.Contains(arguments, "-data") {
				arguments = append(arguments, "-data", t.TempDir())
			}
			refused(t, program, c.want, arguments...)
		})
	}
}

// refused runs the program and expects one line, with the cause and a fix, and
// exit code 2.
func refused(t *testing.T, program, want string, arguments ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Dir = stack.Root(t)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	_ = command.Run()
	said := stderr.String()
	if code := command.ProcessState.ExitCode(); code != 2 {
		t.Errorf("exit code %d", code)
	}
	if stdout.Len() > 0 || strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "local: ") ||
		!strings.Contains(said, want) || !strings.Contains(said, "; ") {
		t.Errorf("stdout %q, stderr %q, want one line with %q and a fix", stdout.String(), said, want)
	}
}

func TestTablestoreAloneKeepsItsAddressAndKey(t *testing.T) {
	data := t.TempDir()
	first := stack.TablestoreIn(t, data)
	if first.URL != "" || first.Cloud != nil || first.Tablestore.Instance != "local" || first.Tablestore.AccessKeySecret == "" {
		t.Errorf("%+v", first.Ready)
	}
	first.Kill()
	if again := stack.TablestoreIn(t, data); again.Tablestore != first.Tablestore {
		t.Errorf("after kill -9 %+v, before %+v", again.Tablestore.Endpoint, first.Tablestore.Endpoint)
	}
}

func TestParentsDeathEndsTheStack(t *testing.T) {
	program, data := stack.Program(t), t.TempDir()
	// The shell ends at once; the stack loses its parent when it is up.
	shell := exec.CommandContext(t.Context(), "sh", "-c", `"$0" -only tablestore -data "$1" & read line <&3; kill -9 $$`, program, data)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	shell.ExtraFiles = []*os.File{reader}
	stdout, err := shell.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, len("READY"))
	if _, err := io.ReadFull(stdout, line); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close() // read ends, the shell kills itself
	// The pipe ends when nobody holds it any more, the stack included.
	ended := make(chan struct{})
	go func() { defer close(ended); _, _ = io.Copy(io.Discard, stdout); _ = shell.Wait() }()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Error("the stack outlives its parent")
	}
}

func TestAdminIsNotForBrowsers(t *testing.T) {
	s := stack.Tablestore(t)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.AdminURL+"/clock", strings.NewReader(`{"offset":"1h"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Origin", "https://evil.example")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusForbidden {
		t.Error(response.Status)
	}
	s.Clock(t, time.Hour)
}

// TestTheWholeStack starts everything once: it is dear.
func TestTheWholeStack(t *testing.T) {
	data := t.TempDir()
	s := stack.Start(t, stack.Options{Data: data, Instances: 2})
	t.Run("says what there is", func(t *testing.T) {
		if len(s.IDPs) != 2 || len(s.IDPs[0].Users) < 2 || s.Cloud == nil || s.Federation == "" {
			t.Errorf("%+v", s.Ready)
		}
		saml, oidc := s.IDPs[0], s.IDPs[1]
		if saml.Kind != "saml" || saml.MetadataURL == "" || saml.Issuer != "" || oidc.Kind != "oidc" || oidc.Issuer == "" || oidc.MetadataURL != "" || len(oidc.Users) < 2 {
			t.Errorf("%+v", s.IDPs)
		}
		for _, function := range []string{"saml-acs", "oidc-exchange", "portal", "scim"} {
			if len(s.Ready.PIDs[function]) != 2 {
				t.Errorf("%s has instances %v, want 2", function, s.Ready.PIDs[function])
			}
		}
		for _, function := range []string{"metadata-rotation", "provisioning"} {
			if len(s.Ready.PIDs[function]) != 1 {
				t.Errorf("%s has instances %v, want 1", function, s.Ready.PIDs[function])
			}
		}
	})
	t.Run("serves by TLS too", func(t *testing.T) { servesByTLS(t, s) })
	t.Run("applies the federation file again", func(t *testing.T) {
		if said := s.Reapply(t); !strings.HasPrefix(said, "local: applied ") {
			t.Error(said)
		}
		change(t, s.Federation, "displayName: Acme", "displayNames: Acme")
		if said := s.Reapply(t); !strings.HasPrefix(said, "local: "+s.Federation+":6:5: ") || strings.Contains(said, "\n") {
			t.Error(said)
		}
	})
	t.Run("hands out events", func(t *testing.T) {
		s.Runtime(t, "base64", "raw")
		s.Fault(t, map[string]any{"kind": "lost", "table": "sso_nonce", "times": 1})
		s.ClearFaults(t)
		s.TroubleAtWrite(t, "ims", "hang", 3)
		s.Trouble(t, "ims", "")
		if seen := s.Seen(t, "service", "ims", "account", "1234567890123456"); len(seen.Calls) > 0 || seen.Troubled["ims"] > 0 {
			t.Errorf("%+v", seen)
		}
		s.TurnKeys(t, "contoso", "announce")
		s.Quirks(t, "contoso", map[string]any{"no_jti": true})
	})
	t.Run("has Alibaba Cloud's sign-in", func(t *testing.T) {
		s.AddUser(t, "1234567890123456", "ada")
		for _, path := range []string{"/saml-role/sp-metadata.xml", "/saml/SpMetadata.xml?tenantID=1234567890123456"} {
			if page := get(t, s.Cloud.Signin+path); !strings.Contains(page, `Location="https://signin.aliyun.com/saml`) {
				t.Errorf("%s: %s", path, page)
			}
		}
	})
	t.Run("shows an account's users", func(t *testing.T) {
		s.BindDevice(t, "1234567890123456", "ada")
		s.Limit(t, "1234567890123456", stack.Limits{Users: 2, GroupsPerUser: 1})
		users := s.Directory(t, "1234567890123456").Users
		if i := slices.IndexFunc(users, func(u stack.DirectoryUser) bool { return u.Name == "ada" }); i < 0 || users[i].MFADevice == "" {
			t.Errorf("%+v", users)
		}
	})
	t.Run("leaves nobody behind", func(t *testing.T) {
		pids := s.PIDs(t)
		s.Kill()
		limit := time.After(2 * time.Second)
		for function, list := range pids {
			for _, pid := range list {
				if !ends(pid, limit) {
					t.Fatalf("%s (process %d) lives 2 s after kill -9", function, pid)
				}
			}
		}
	})
	t.Run("starts again where it was", func(t *testing.T) {
		again := stack.Start(t, stack.Options{Data: data})
		if again.URL != s.URL || again.IDPs[0].MetadataURL != s.IDPs[0].MetadataURL || again.IDPs[1].Issuer != s.IDPs[1].Issuer || again.Tablestore != s.Tablestore {
			t.Errorf("addresses changed: %s, then %s", s.URL, again.URL)
		}
	})
}

// ends polls, since the kernel tells nobody about another's grandchildren.
func ends(pid int, limit <-chan time.Time) bool {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !stack.Gone(pid) {
		select {
		case <-ticker.C:
		case <-limit:
			return false
		}
	}
	return true
}

// change replaces the first old in a file.
func change(t *testing.T, file, old, replacement string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.Replace(string(content), old, replacement, 1)
	if changed == string(content) {
		t.Fatalf("%s has no %q", file, old)
	}
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, address string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func servesByTLS(t *testing.T, s *stack.Stack) {
	t.Helper()
	authority, err := os.ReadFile(s.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), http.MethodGet, s.TLSURL+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Error(response.Status)
	}
}

func TestBrokenFederationFileIsOneClearLine(t *testing.T) {
	program := stack.Program(t)
	valid := filepath.Join(stack.Root(t), "template", "federation.example.yaml")
	for name, c := range map[string]struct{ old, new, want string }{
		"unknown key":       {"displayName:", "displayNames:", `unknown key "displayNames"`},
		"bad ARN":           {":role/", ":rule/", "is not of the form"},
		"unquoted template": {`"{{email}}"`, "{{email}}", "template without quotes"},
		"not YAML":          {"identityProviders:", "identityProviders: [", "federation.yaml:"},
	} {
		t.Run(name, func(t *testing.T) {
			content, err := os.ReadFile(valid)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "federation.yaml")
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Fatal(err)
			}
			change(t, file, c.old, c.new)
			refused(t, program, c.want, "-listen", "127.0.0.1:0", "-data", t.TempDir(), "-bin", stack.Bin(t), "-federation", file)
		})
	}
}
