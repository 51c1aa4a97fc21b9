package respond

import (
	"bytes"
	"compress/gzip"
	"math"
	"net/http"
	"strconv"
	"strings"
)

// leastPacked is below what compressing is worth: it would still be one packet.
const leastPacked = 1 << 10

// Packable returns o as one that goes out compressed to whoever takes that.
//
// The length of what is compressed tells where it repeats itself, and TLS does not hide
// a length. So only for what holds no secret, or none that is the same in the next answer,
// and nothing that somebody else could have put beside one.
func (o Outcome) Packable() Outcome {
	o.packable = true
	return o
}

// packed is o as the client gets it. What may be compressed says that it depends on the
// client, also where it is not (RFC 9110 12.5.5).
func (o Outcome) packed(r *http.Request) Outcome {
	if !o.packable || len(o.body) < leastPacked {
		return o
	}
	vary := "Accept-Encoding"
	if others := o.header.Get("Vary"); others != "" {
		vary = others + ", " + vary
	}
	o = o.WithHeader("Vary", vary)
	if !takesGzip(r.Header.Values("Accept-Encoding")) {
		return o
	}
	o.body = pack(o.body)
	return o.WithHeader("Content-Encoding", "gzip")
}

// pack compresses quickly rather than well: of a long list of roles that leaves 7 %, and
// trying harder would leave 5 % for three times the work.
func pack(body []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // the level is one that there is
	_, _ = w.Write(body)                            // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// takesGzip reads Accept-Encoding (RFC 9110 12.5.3). Without one a client takes anything,
// but who does not ask may be a program that cannot unpack. What is named counts before
// the star.
func takesGzip(lines []string) bool {
	named, star := -1.0, -1.0
	for entry := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		coding, params, _ := strings.Cut(entry, ";")
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			named = max(named, weight(params))
		case "*":
			star = max(star, weight(params))
		}
	}
	if named >= 0 {
		return named > 0
	}
	return star > 0
}

// weight is a coding's q, 1 where it has none, 0 where nobody knows.
func weight(params string) float64 {
	params = strings.TrimSpace(params)
	if params == "" {
		return 1
	}
	name, value, _ := strings.Cut(params, "=")
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !strings.EqualFold(strings.TrimSpace(name), "q") || q < 0 || q > 1 || math.IsNaN(q) {
		return 0
	}
	return q
}
