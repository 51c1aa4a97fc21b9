package sfile

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// The platform's limits (FC 3.0).
const (
	maxTimeout  = 86400
	defaultTime = 3
	minMemory   = 128
	maxMemory   = 32768
	memoryStep  = 64
	maxEnv      = 4 << 10
)

var (
	functionName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,63}$`)
	variableName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)
)

func methods() []string {
	return []string{"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"}
}

func (r *reader) file() File {
	var file File
	if !r.keys(r.root, "s.yaml", "*edition", "*name", "access", "vars", "template", "*resources") {
		return file
	}
	r.oneOf(child(r.root, "edition"), "edition", "3.0.0")
	resources := child(r.root, "resources")
	if !r.keys(resources, "resources") {
		return file
	}
	var domains []*yaml.Node
	for i := 0; i < len(resources.Content); i += 2 {
		key, resource := resources.Content[i], resources.Content[i+1]
		r.keys(resource, key.Value, "*component", "extend", "actions", "*props")
		switch r.oneOf(child(resource, "component"), key.Value+".component", "fc3", "fc3-domain") {
		case "fc3":
			file.Functions = append(file.Functions, r.function(key.Value, resource))
		case "fc3-domain":
			domains = append(domains, r.props(resource))
		}
	}
	for _, domain := range domains {
		r.domain(domain, &file)
	}
	return file
}

func (r *reader) function(key string, resource *yaml.Node) Function {
	props := r.props(resource)
	r.keys(props, key, "*functionName", "description", "*region", "*runtime", "*handler", "*code", "*role",
		"*memorySize", "*cpu", "*diskSize", "timeout", "internetAccess", "logConfig", "environmentVariables", "triggers")
	r.oneOf(child(props, "runtime"), key+".runtime", "go1")
	function := Function{
		Resource: key,
		Name:     r.text(child(props, "functionName")),
		Handler:  r.text(child(props, "handler")),
		Role:     r.text(child(props, "role")),
		Timeout:  defaultTime * time.Second,
		Env:      r.environmentVariables(child(props, "environmentVariables"), key),
	}
	if !functionName.MatchString(function.Name) {
		r.fault(child(props, "functionName"), "%s: %q is not a function name", key, function.Name)
	}
	if timeout := child(props, "timeout"); timeout != nil {
		function.Timeout = time.Duration(r.number(timeout, key+".timeout", 1, maxTimeout)) * time.Second
	}
	r.number(child(props, "diskSize"), key+".diskSize", 512, 10240)
	function.MemoryMB = r.size(props, key)
	function.Source = r.source(child(resource, "actions"), r.text(child(props, "code")), function.Handler, key)
	for _, trigger := range r.items(child(props, "triggers"), key+".triggers") {
		function.Triggers = append(function.Triggers, r.trigger(trigger, key))
	}
	r.keys(child(props, "logConfig"), key+".logConfig", "project", "logstore", "enableRequestMetrics", "enableInstanceMetrics", "logBeginRule")
	return function
}

// size checks memory and processor against each other: 1 to 4 GB for each vCPU.
func (r *reader) size(props *yaml.Node, key string) int {
	at := child(props, "memorySize")
	memory := r.number(at, key+".memorySize", minMemory, maxMemory)
	if memory%memoryStep != 0 {
		r.fault(at, "%s.memorySize: want a multiple of %d", key, memoryStep)
	}
	cpu, err := strconv.ParseFloat(r.text(child(props, "cpu")), 64)
	if gigabytes := float64(memory) / 1024; err != nil || gigabytes < cpu || gigabytes > 4*cpu {
		r.fault(child(props, "cpu"), "%s.cpu: want a number with 1 to 4 GB of memory for each vCPU", key)
	}
	return memory
}

func (r *reader) environmentVariables(node *yaml.Node, key string) map[string]string {
	env, size := map[string]string{}, 0
	if !r.keys(node, key+".environmentVariables") {
		return env
	}
	for i := 0; i < len(node.Content); i += 2 {
		name, value := node.Content[i], r.text(node.Content[i+1])
		r.variableName(name, key)
		env[name.Value] = value
		size += len(name.Value) + len(value)
	}
	if size > maxEnv {
		r.fault(node, "%s.environmentVariables: %d bytes, the platform's limit is %d", key, size, maxEnv)
	}
	return env
}

func (r *reader) variableName(name *yaml.Node, key string) {
	switch {
	case name.Value == "SSO_LOCAL_STACK":
		r.fault(name, "%s: SSO_LOCAL_STACK allows http and loopback; it belongs to the local stack and is never deployed", key)
	case strings.HasPrefix(name.Value, "FC_"):
		r.fault(name, "%s: %s: names that begin with FC_ are the platform's", key, name.Value)
	case !variableName.MatchString(name.Value):
		r.fault(name, "%s: %q is not a name of an environment variable", key, name.Value)
	}
}

// source takes the Go package from the command that pre-deploy runs, so that
// what runs here is built from what is deployed.
func (r *reader) source(actions *yaml.Node, code, handler, key string) string {
	if !r.keys(actions, key+".actions", "*pre-deploy") {
		r.fault(actions, "%s: want actions.pre-deploy, which builds the function", key)
		return ""
	}
	for _, step := range r.items(child(actions, "pre-deploy"), key+".actions.pre-deploy") {
		r.keys(step, key+".actions.pre-deploy", "*run", "path")
		words := strings.Fields(r.text(child(step, "run")))
		out := slices.Index(words, "-o")
		if !slices.Contains(words, "build") || out < 0 || out+2 != len(words)-1 {
			continue
		}
		if path.Clean(words[out+1]) != path.Join(code, handler) {
			r.fault(step, "%s: pre-deploy builds %s, the function's code is %s", key, words[out+1], path.Join(code, handler))
		}
		return words[out+2]
	}
	r.fault(actions, "%s: pre-deploy has no `go build … -o FILE PACKAGE`", key)
	return ""
}

func (r *reader) trigger(node *yaml.Node, key string) Trigger {
	r.keys(node, key+".triggers", "*triggerName", "*triggerType", "qualifier", "description", "sourceArn", "invocationRole", "*triggerConfig")
	trigger := Trigger{
		Name: r.text(child(node, "triggerName")),
		Type: r.oneOf(child(node, "triggerType"), key+".triggerType", "http", "timer", "mns_topic", "eventbridge"),
	}
	config, what := child(node, "triggerConfig"), key+".triggerConfig"
	switch trigger.Type {
	case "http":
		r.keys(config, what, "*authType", "disableURLInternet", "*methods")
		r.oneOf(child(config, "authType"), what+".authType", "anonymous")
		trigger.Methods = r.methodList(child(config, "methods"), what)
	case "timer":
		r.keys(config, what, "*cronExpression", "*enable", "payload")
		trigger.Cron, trigger.Payload = r.text(child(config, "cronExpression")), r.text(child(config, "payload"))
		trigger.Enabled = r.oneOf(child(config, "enable"), what+".enable", "true", "false") == "true"
	case "mns_topic":
		r.keys(config, what, "*notifyContentFormat", "notifyStrategy", "filterTag")
		r.oneOf(child(config, "notifyContentFormat"), what+".notifyContentFormat", "JSON") // STREAM names no owner
		r.oneOf(child(config, "notifyStrategy"), what+".notifyStrategy", "BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY")
	case "eventbridge":
		r.keys(config, what, "triggerEnable", "asyncInvocationType", "*eventRuleFilterPattern", "*eventSourceConfig", "eventSinkConfig", "runOptions")
	}
	r.text(child(node, "sourceArn"))
	r.text(child(node, "invocationRole"))
	return trigger
}

func (r *reader) methodList(node *yaml.Node, what string) []string {
	list := r.texts(node, what+".methods")
	for _, method := range list {
		if !slices.Contains(methods(), method) {
			r.fault(node, "%s.methods: %q is not one of %s", what, method, strings.Join(methods(), ", "))
		}
	}
	return list
}

func (r *reader) domain(props *yaml.Node, file *File) {
	if !r.keys(props, "fc3-domain", "*region", "*domainName", "*protocol", "certConfig", "tlsConfig", "*routeConfig") {
		return
	}
	if file.Domain != "" {
		r.fault(props, "a second domain: the bundle has one public origin")
	}
	file.Region, file.Domain = r.text(child(props, "region")), r.text(child(props, "domainName"))
	r.oneOf(child(props, "protocol"), "protocol", "HTTPS")
	r.keys(child(props, "certConfig"), "certConfig", "*certId")
	r.text(child(child(props, "certConfig"), "certId"))
	tls := child(props, "tlsConfig")
	r.keys(tls, "tlsConfig", "*minVersion", "maxVersion", "cipherSuites")
	r.oneOf(child(tls, "minVersion"), "tlsConfig.minVersion", "TLSv1.2", "TLSv1.3")
	routeConfig := child(props, "routeConfig")
	r.keys(routeConfig, "routeConfig", "*routes")
	for _, route := range r.items(child(routeConfig, "routes"), "routeConfig.routes") {
		file.Routes = append(file.Routes, r.route(route, file))
	}
}

func (r *reader) route(node *yaml.Node, file *File) Route {
	r.keys(node, "route", "*path", "*functionName", "qualifier", "*methods")
	route := Route{
		Path:     r.text(child(node, "path")),
		Function: r.text(child(node, "functionName")),
		Methods:  r.methodList(child(node, "methods"), "route"),
	}
	if !strings.HasPrefix(route.Path, "/") || strings.Contains(strings.TrimSuffix(route.Path, "*"), "*") {
		r.fault(node, "route: path %q: want a path, or a prefix that ends in *", route.Path)
	}
	if slices.ContainsFunc(file.Routes, func(earlier Route) bool { return earlier.Path == route.Path }) {
		r.fault(node, "route: path %q is there twice", route.Path)
	}
	at := slices.IndexFunc(file.Functions, func(f Function) bool { return f.Name == route.Function })
	if at < 0 {
		r.fault(node, "route: there is no function %q", route.Function)
		return route
	}
	r.reachable(node, route, file.Functions[at])
	return route
}

// reachable checks that the function's own trigger takes what the route lets in.
func (r *reader) reachable(node *yaml.Node, route Route, function Function) {
	var taken []string
	for _, trigger := range function.Triggers {
		taken = append(taken, trigger.Methods...)
	}
	for _, method := range route.Methods {
		if !slices.Contains(taken, method) {
			r.fault(node, "route %s: function %s has no HTTP trigger for %s", route.Path, route.Function, method)
		}
	}
}
