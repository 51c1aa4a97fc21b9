package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/federation/yamlfile"
)

// schema prints what template/federation.schema.json holds.
func (p program) schema(args []string) error {
	if len(args) > 0 {
		return wrong("schema: what is %q for? write ssoctl schema > FILE", args[0])
	}
	schema, err := yamlfile.Schema()
	if err != nil {
		return err
	}
	p.say("%s", schema)
	return nil
}

// notInEffect says what is declared and not done yet.
func (p program) notInEffect(r federation.Revision) {
	for _, line := range r.NotInEffect() {
		p.say("not in effect yet: %s\n", line)
	}
}

// read judges a federation file and names its faults, each on a line that
// editors can jump to.
func (p program) read(file string, options federation.Options) (federation.Revision, error) {
	text, dir, err := open(file)
	if err != nil {
		return federation.Revision{}, err
	}
	revision, faults := yamlfile.Parse(text, dir, options)
	return revision, p.tell(file, faults)
}

// review is read and a second look.
func (p program) review(file string, options federation.Options) (federation.Revision, []yamlfile.Remark, error) {
	text, dir, err := open(file)
	if err != nil {
		return federation.Revision{}, nil, err
	}
	revision, faults, remarks := yamlfile.Review(text, dir, options, federation.LintOptions{Now: p.now()})
	return revision, remarks, p.tell(file, faults)
}

// lookAgain counts what check would find and nobody has accepted. Findings are not
// in the way of an apply: who has to mend something at night mends that first.
func (p program) lookAgain(file string, remarks []yamlfile.Remark) {
	found := map[federation.Severity]int{}
	for _, r := range remarks {
		if r.Accepted == "" {
			found[r.Severity]++
		}
	}
	var counts []string
	for _, severity := range []federation.Severity{federation.Error, federation.Warning} {
		if n := found[severity]; n > 0 {
			counts = append(counts, count(n, string(severity)))
		}
	}
	if len(counts) > 0 {
		p.say("%s deserves a second look, %s: ssoctl check -f %s\n", file, strings.Join(counts, " and "), file)
	}
}

func (p program) tell(file string, faults []yamlfile.Fault) error {
	for _, fault := range faults {
		p.complain("%s:%s\n", file, fault)
	}
	if len(faults) > 0 {
		return wrong("%s has %s", file, howMany(faults))
	}
	return nil
}

// open gives a file's text and the folder whose files it may name.
func open(file string) ([]byte, fs.FS, error) {
	dir := os.DirFS(filepath.Dir(file))
	text, err := readAll(dir, filepath.Base(file))
	if err != nil {
		return nil, nil, wrong("cannot read %s: %w; name a file that this user may read", file, err)
	}
	return text, dir, nil
}

func howMany(faults []yamlfile.Fault) string {
	if len(faults) > yamlfile.MaxFaults {
		return "more than " + count(yamlfile.MaxFaults, "fault")
	}
	return count(len(faults), "fault")
}

func readAll(dir fs.FS, name string) ([]byte, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, cause(err)
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, yamlfile.MaxSize+1))
	if err != nil {
		return nil, cause(err)
	}
	return text, nil
}

// cause leaves out the path, which the message has already.
func cause(err error) error {
	if wrapped, ok := errors.AsType[*fs.PathError](err); ok {
		return wrapped.Err
	}
	return err
}

func summary(r federation.Revision) string {
	return fmt.Sprintf("%s, %s, %s",
		count(len(r.IdentityProviders()), "identity provider"), count(len(r.Accounts()), "account"), count(len(r.Rules()), "rule"))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
