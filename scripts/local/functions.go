package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/runtime"
	"github.com/fc-sso/fc-sso/scripts/local/internal/sfile"
)

// readFile reads s.yaml. The deployer's environment is replaced by the stack's
// own addresses; everything else (SSO_BRAND_NAME, …) comes from the environment
// that the stack was started in.
func (s *station) readFile(context.Context) error {
	s.line.URL = s.url()
	signingKey, err := s.data.signingKey(s.clock.now())
	if err != nil {
		return err
	}
	root, err := repositoryRoot()
	if err != nil {
		return err
	}
	given := map[string]string{
		"SSO_REGION":          region,
		"SSO_ACCOUNT_ID":      bundleAccount,
		"SSO_DOMAIN":          s.domain(),
		"SSO_CERT_ID":         "local",
		"SSO_OTS_ENDPOINT":    s.line.Tablestore.Endpoint,
		"SSO_OTS_INSTANCE":    s.line.Tablestore.Instance,
		"SSO_KMS_ENDPOINT":    s.line.Cloud.KMS,
		"SSO_STS_ENDPOINT":    s.line.Cloud.STS,
		"SSO_SIGNIN_ENDPOINT": s.line.Cloud.Signin,
		"SSO_IMS_ENDPOINT":    s.line.Cloud.IMS,
		"SSO_RAM_ENDPOINT":    s.line.Cloud.RAM,
		"SSO_FC_ENDPOINT":     origin("http", s.ports.functions),
		"SSO_ALERTS_ENDPOINT": s.alertsEndpoint(),
		"SSO_EVENTS_FROM":     "eventbridge:acme.hr,mns:hr",
	}
	ours, err := s.ownKeys(signingKey)
	if err != nil {
		return err
	}
	maps.Copy(given, ours)
	s.file, err = sfile.Read(filepath.Join(root, "s.yaml"), func(name string) (string, bool) {
		if value, ok := given[name]; ok {
			return value, true
		}
		return os.LookupEnv(name)
	})
	if err != nil {
		first, rest, _ := strings.Cut(err.Error(), "\n")
		return complain("s.yaml:"+first, fmt.Errorf("%d faults", 1+strings.Count(rest, "\n")), "mend s.yaml")
	}
	return nil
}

// alertsEndpoint is that of the service which SSO_ALERTS_TO names in the environment
// that the stack was started in: eventbridge:fc-sso or mns:fc-sso.
func (s *station) alertsEndpoint() string {
	if strings.HasPrefix(os.Getenv("SSO_ALERTS_TO"), "mns:") {
		return s.line.Cloud.MNS
	}
	return s.line.Cloud.EventBridge
}

// repositoryRoot is where go.mod is, at or above the working folder.
func repositoryRoot() (string, error) {
	dir, err := os.Getwd()
	for ; err == nil && dir != "/"; dir = filepath.Dir(dir) {
		content, readErr := os.ReadFile(filepath.Join(dir, "go.mod"))
		if readErr == nil && strings.HasPrefix(string(content), "module github.com/fc-sso/fc-sso\n") {
			return dir, nil
		}
	}
	return "", complain("working folder", errors.New("not within the fc-sso repository"), "start it there: go run ./scripts/local")
}

// startFunctions starts the instances and freezes them.
func (s *station) startFunctions(ctx context.Context) error {
	var functions []runtime.Function
	for _, described := range s.file.Functions {
		functions = append(functions, s.function(described))
	}
	s.manager = runtime.New(runtime.Options{
		Functions: functions, Region: s.file.Region, AccountID: bundleAccount,
		Credentials: s.roleCredentials, Over: func(c runtime.Credentials) { s.cloud.InvocationOver(c.AccessKeyID) },
		Instances: s.options.instances,
		LogDir:    s.data.file("logs"), Start: s.starter, Now: time.Now,
	})
	s.onStop(s.manager.Close)
	if err := s.startDelivery(ctx); err != nil {
		return err
	}
	s.serve(s.ports.functions, s.cloud.Functions(s.file.Region, platform{s}))
	s.front = runtime.NewFront(s.manager, s.routes(), s.domain(), s.ports.front.Addr().String(), s.ports.frontTLS.Addr().String())
	if err := s.manager.Warm(ctx); err != nil {
		return complain("functions", err, "see "+s.data.file("logs"))
	}
	return nil
}

// function is the function as s.yaml has it, with three differences, the only
// ones between here and the cloud: the origin is this stack's (a
// port, and http unless told otherwise), SSO_LOCAL_STACK lets the binary take http and loopback addresses,
// and who signs people in gets the secrets for that without a line for each.
func (s *station) function(described sfile.Function) runtime.Function {
	env := map[string]string{"SSO_LOCAL_STACK": "1"}
	for name, value := range described.Env {
		env[name] = value
	}
	env["SSO_URL"] = s.line.URL
	if described.Resource == signsIn {
		for _, variable := range secrets() {
			name, value, _ := strings.Cut(variable, "=")
			env[name] = value
		}
	}
	return runtime.Function{
		Name: described.Name, Binary: s.binary(described.Source), Handler: described.Handler,
		MemoryMB: described.MemoryMB, Role: described.Role, Timeout: described.Timeout,
		Env: env, HTTP: described.HTTP(),
	}
}

// signsIn is the folder of the function that needs our clients' secrets.
const signsIn = "oidc-exchange"

// secrets are the variables that a federation file may name (env:SSO_SECRET_…), of
// the environment that the stack was started in.
func secrets() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool { return !strings.HasPrefix(variable, "SSO_SECRET_") })
}

func (s *station) routes() []runtime.Route {
	var routes []runtime.Route
	for _, route := range s.file.Routes {
		routes = append(routes, runtime.Route{Path: route.Path, Function: route.Function, Methods: route.Methods})
	}
	return routes
}

func (s *station) roleCredentials(role, function string) (runtime.Credentials, error) {
	given, err := s.cloud.FunctionRole(role, function)
	return runtime.Credentials{
		AccessKeyID: given.AccessKeyID, AccessKeySecret: given.AccessKeySecret, SecurityToken: given.SecurityToken,
	}, err
}

// awaitAnswers asks every HTTP function once, through its own route.
func (s *station) awaitAnswers(ctx context.Context) error {
	asked := map[string]bool{}
	for _, route := range s.file.Routes {
		prefix, wildcard := strings.CutSuffix(route.Path, "*")
		if !wildcard || asked[route.Function] {
			continue
		}
		asked[route.Function] = true
		if err := s.ask(ctx, prefix+"healthz"); err != nil {
			return complain("function "+route.Function, err, "see "+s.data.file("logs"))
		}
	}
	s.line.PIDs = s.pids()
	return nil
}

// ask takes any answer, as long as it is the function's own.
func (s *station) ask(ctx context.Context, path string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, origin("http", s.ports.front)+path, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if kind := response.Header.Get("X-Fc-Error-Type"); kind != "" {
		return fmt.Errorf("GET %s ended in %s", path, kind)
	}
	return nil
}

// pids lists the living instances under the functions' folders.
func (s *station) pids() map[string][]int {
	instances, pids := s.manager.Instances(), map[string][]int{}
	for _, described := range s.file.Functions {
		pids[described.Resource] = []int{}
		for _, instance := range instances[described.Name] {
			pids[described.Resource] = append(pids[described.Resource], instance.PID)
		}
	}
	return pids
}
