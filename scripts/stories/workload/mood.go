package workload

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"
)

// Mood is how a platform answers instead of well; false: it answers well after all.
type Mood func(w http.ResponseWriter, r *http.Request) bool

// Misbehave gives the platform a mood; nil: none.
func (i Issuer) Misbehave(mood Mood) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.mood = mood
}

// Fetched is how often somebody came for its keys: to the document that names them,
// or, if that was oftener, to the keys themselves. In a mood most get no further than
// the first.
func (i Issuer) Fetched() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return max(i.asked[discoveryPath], i.asked[keysPath])
}

// Moods are the ways in which real providers have failed.
func Moods(elsewhere string) map[string]Mood {
	return map[string]Mood{
		"an error": func(w http.ResponseWriter, _ *http.Request) bool {
			http.Error(w, "no", http.StatusInternalServerError)
			return true
		},
		"HTML": func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = io.WriteString(w, "<html>maintenance</html>")
			return true
		},
		"silence": func(_ http.ResponseWriter, r *http.Request) bool {
			<-r.Context().Done()
			return true
		},
		"drops": drip,
		"a bomb": func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.Copy(z, io.LimitReader(zeros{}, 64<<20))
			_ = z.Close()
			return true
		},
		"a flood": func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = io.Copy(w, io.LimitReader(zeros{}, 64<<20))
			return true
		},
		"a redirection": func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, elsewhere, http.StatusFound)
			return true
		},
		"another's name": func(w http.ResponseWriter, r *http.Request) bool {
			_, _ = io.WriteString(w, `{"issuer":"`+elsewhere+`","jwks_uri":"`+elsewhere+keysPath+`"}`)
			return r.URL.Path == discoveryPath
		},
		"keys inside our network": func(w http.ResponseWriter, r *http.Request) bool {
			document := discovery(r)
			document["jwks_uri"] = "https://100.100.100.200/keys"
			_ = json.NewEncoder(w).Encode(document)
			return true
		},
	}
}

// drip never ends and never stops.
func drip(w http.ResponseWriter, r *http.Request) bool {
	_, _ = io.WriteString(w, strings.Repeat(" ", 1024))
	for ticks := time.NewTicker(100 * time.Millisecond); ; {
		select {
		case <-r.Context().Done():
			ticks.Stop()
			return true
		case <-ticks.C:
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
