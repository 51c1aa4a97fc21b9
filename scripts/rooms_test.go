// Package scripts_test holds the tests of the house itself: which room may
// import which.
package scripts_test

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

const module = "github.com/fc-sso/fc-sso/"

// wall is one depguard rule of .golangci.yml: the linter and this test read the
// same table, so that they cannot disagree.
type wall struct {
	Mode  string   `yaml:"list-mode"`
	Files []string `yaml:"files"`
	Allow []string `yaml:"allow"`
}

type goPackage struct {
	ImportPath string
	Imports    []string
	GoFiles    []string
}

// TestTheRoomsKeepTheirWalls prints the room graph (-v) and fails on an edge
// that no rule allows, on a package without a rule and on a rule without a
// package.
func TestTheRoomsKeepTheirWalls(t *testing.T) {
	walls := readWalls(t)
	used := map[string]bool{}
	for _, pkg := range listPackages(t) {
		room := strings.TrimPrefix(pkg.ImportPath, module)
		names := wallsOf(walls, room, pkg.GoFiles)
		if len(names) == 0 {
			t.Errorf("%s has no rule in .golangci.yml", room)
		}
		edges := inside(pkg.Imports)
		t.Logf("%-32s -> %s", room, strings.Join(edges, " "))
		for _, name := range names {
			used[name] = true
			for _, edge := range edges {
				if !allowed(walls[name].Allow, module+edge) {
					t.Errorf("%s imports %s, which rule %q does not allow", room, edge, name)
				}
			}
		}
	}
	for name := range walls {
		if !used[name] {
			t.Errorf("rule %q of .golangci.yml guards no package", name)
		}
	}
}

func readWalls(t *testing.T) map[string]wall {
	t.Helper()
	text, err := os.ReadFile("../.golangci.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Linters struct {
			Settings struct {
				Depguard struct {
					Rules map[string]wall `yaml:"rules"`
				} `yaml:"depguard"`
			} `yaml:"settings"`
		} `yaml:"linters"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	walls := file.Linters.Settings.Depguard.Rules
	for name, w := range walls {
		if w.Mode != "strict" {
			t.Errorf("rule %q is not strict", name)
		}
	}
	return walls
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,GoFiles", "../shared/...", "../functions/...", "./...")
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var pkg goPackage
		err := dec.Decode(&pkg)
		if errors.Is(err, io.EOF) {
			return pkgs
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(pkg.GoFiles) > 0 { // a package of tests alone is nobody's room
			pkgs = append(pkgs, pkg)
		}
	}
}

// wallsOf returns the rules whose file patterns cover the package; a helper of
// tests such as validatetest has none of its own and lives by its parent's.
func wallsOf(walls map[string]wall, room string, files []string) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(walls)) {
		for _, pattern := range walls[name].Files {
			if covers(pattern, room, files) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

func covers(pattern, room string, files []string) bool {
	if strings.HasPrefix(pattern, "!") {
		return false
	}
	pattern = strings.TrimPrefix(pattern, "**/")
	dir, base := path.Split(pattern)
	if deep, ok := strings.CutSuffix(dir, "**/"); ok {
		return strings.HasPrefix(room+"/", deep)
	}
	if ok, err := path.Match(strings.TrimSuffix(dir, "/"), room); err != nil || !ok {
		return false
	}
	return slices.ContainsFunc(files, func(file string) bool {
		ok, err := path.Match(base, file)
		return err == nil && ok
	})
}

func inside(imports []string) []string {
	var edges []string
	for _, imported := range imports {
		if edge, ok := strings.CutPrefix(imported, module); ok {
			edges = append(edges, edge)
		}
	}
	return edges
}

func allowed(prefixes []string, imported string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool {
		return imported == p || strings.HasPrefix(imported, p+"/")
	})
}
