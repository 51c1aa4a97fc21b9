package yamlfile

import (
	"fmt"
	"io"
	"io/fs"

	"go.yaml.in/yaml/v3"
)

// file takes in a file that stands beside or below the federation file.
func (r *reader) file(take func(content []byte)) field {
	return field{shape: shape{kind: kindFile}, read: func(path string, _, node *yaml.Node) { take(r.content(path, node)) }}
}

func (r *reader) content(path string, node *yaml.Node) []byte {
	name, ok := r.scalar(path, node)
	if !ok {
		return nil
	}
	if !fs.ValidPath(name) || r.dir == nil {
		r.fault(path, node, fmt.Sprintf("%.200q is no path below the federation file's folder", name), "put the file there and write its path without .. or a leading /")
		return nil
	}
	content, err := readFile(r.dir, name)
	if err != nil {
		r.fault(path, node, err.Error(), "put a readable file there")
		return nil
	}
	return content
}

func readFile(dir fs.FS, name string) ([]byte, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, fmt.Errorf("file %q cannot be read: %w", name, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	content, err := io.ReadAll(io.LimitReader(f, MaxFileSize+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("file %q cannot be read: %w", name, err)
	case len(content) == 0:
		return nil, fmt.Errorf("file %q is empty", name)
	case len(content) > MaxFileSize:
		return nil, fmt.Errorf("file %q has more than %d bytes", name, MaxFileSize)
	}
	return content, nil
}
