package page

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"iter"
	"maps"
	"strings"
)

//go:embed static/app.css static/app.js static/icon.svg
var staticFiles embed.FS

// Static is the set of files that pages link to, each under a name with its
// hash: a changed file has a new name, so a browser may keep one for ever.
type Static struct {
	css, js, icon string
	iconType      string
	files         map[string]File
}

// File is one static file.
type File struct {
	ContentType string
	Body        []byte
}

// CacheForever is the Cache-Control of every file of [Static].
const CacheForever = "public, max-age=31536000, immutable"

// All are the files by their absolute paths, such as /static/app.0123456789abcdef.css.
func (s Static) All() iter.Seq2[string, File] { return maps.All(s.files) }

// Open returns the file at an absolute path such as /static/app.0123456789abcdef.css.
func (s Static) Open(path string) (File, bool) {
	f, ok := s.files[path]
	return f, ok
}

func newStatic(logo string) (Static, error) {
	s := Static{files: map[string]File{}, iconType: "image/svg+xml"}
	for _, f := range []struct {
		name, contentType string
		path              *string
	}{
		{"app.css", "text/css; charset=utf-8", &s.css},
		{"app.js", "text/javascript; charset=utf-8", &s.js},
		{"icon.svg", s.iconType, &s.icon},
	} {
		body, err := staticFiles.ReadFile("static/" + f.name)
		if err != nil {
			return Static{}, fmt.Errorf("static file: %w", err)
		}
		*f.path = s.add(f.name, f.contentType, body)
	}
	if logo == "" {
		return s, nil
	}
	name, contentType, body, err := readLogo(logo)
	if err != nil {
		return Static{}, err
	}
	s.icon, s.iconType = s.add(name, contentType, body), contentType
	return s, nil
}

func (s Static) add(name, contentType string, body []byte) (path string) {
	path = hashedPath(name, body)
	s.files[path] = File{contentType, body}
	return path
}

func hashedPath(name string, body []byte) string {
	sum := sha256.Sum256(body)
	stem, ext, _ := strings.Cut(name, ".")
	return "/static/" + stem + "." + hex.EncodeToString(sum[:8]) + "." + ext
}
