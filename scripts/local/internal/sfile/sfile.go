// Package sfile reads s.yaml, the file that Serverless Devs deploys from, so
// that functions, routes, time-outs and environment are written once.
//
// In: the file and a lookup for ${env()}. Out: the functions and the routes of
// the custom domain, with every variable filled in. It knows a subset of
// edition 3.0.0 (vars, ${env()}, ${vars.x}, ${resources.x.props.y}, template
// and extend; components fc3 and fc3-domain) and refuses everything else, with
// its line: Serverless Devs itself lets misspelt keys through, and what is
// silently ignored here would be found in the cloud.
package sfile

import (
	"errors"
	"fmt"
	"os"
	"time"

	"go.yaml.in/yaml/v3"
)

// File is what s.yaml says.
type File struct {
	Region    string
	Domain    string
	Functions []Function // in the file's order
	Routes    []Route
}

// Function is one fc3 resource.
type Function struct {
	Resource string // its key under resources
	Name     string
	Source   string // the Go package that pre-deploy builds, such as ./functions/portal
	Handler  string
	Role     string
	MemoryMB int
	Timeout  time.Duration
	Env      map[string]string
	Triggers []Trigger
}

// HTTP reports whether the function has an HTTP trigger.
func (f Function) HTTP() bool {
	for _, trigger := range f.Triggers {
		if trigger.Type == "http" {
			return true
		}
	}
	return false
}

// Trigger is what starts a function.
type Trigger struct {
	Name    string
	Type    string   // http, timer, mns_topic, eventbridge
	Methods []string // http
	Cron    string   // timer
	Enabled bool     // timer
	Payload string   // timer
}

// Route is one path of the custom domain.
type Route struct {
	Path     string // exact, or a prefix that ends in *
	Function string // its name
	Methods  []string
}

// LineError is one thing that is wrong with the file.
type LineError struct {
	Line, Column int
	Message      string
}

func (f LineError) Error() string { return fmt.Sprintf("%d:%d: %s", f.Line, f.Column, f.Message) }

// Read reads the file of that name; see [Parse].
func Read(name string, lookup func(string) (string, bool)) (File, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return File{}, err
	}
	return Parse(content, lookup)
}

// Parse reads an s.yaml. lookup answers ${env('NAME')}. The error joins all
// faults, each a [LineError], in the file's order.
func Parse(content []byte, lookup func(string) (string, bool)) (File, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return File{}, err
	}
	if len(document.Content) == 0 {
		return File{}, errors.New("the file is empty")
	}
	r := &reader{root: document.Content[0], lookup: lookup}
	file := r.file()
	return file, r.err()
}
