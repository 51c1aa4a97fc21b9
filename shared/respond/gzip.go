package respond

import (
	"bytes"
	"compress/gzip"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
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

// Kept is o, packable, for what is the same in each answer: it is compressed at the first
// one alone.
func (o Outcome) Kept() Outcome {
	o.kept = &kept{}
	return o.Packable()
}

type kept struct {
	once sync.Once
	body []byte
}

// packed is o as the client gets it. What may be compressed says that it depends on the
// client, also where it is not (RFC 9110 12.5.5).
func (o Outcome) packed(r *http.Request, by packer) Outcome {
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
	if o.kept != nil {
		o.kept.once.Do(func() { o.kept.body = by.pack(o.body) })
		o.body = o.kept.body
	} else {
		o.body = by.pack(o.body)
	}
	return o.WithHeader("Content-Encoding", "gzip")
}

// packer compresses quickly rather than well: of a long list of roles that leaves 7 %,
// and trying harder would leave 5 % for three times the work. A writer has a megabyte of
// tables, so one is kept for the next answer; answers side by side get more. A sync.Pool
// would lose it to the garbage collector, between one answer and the next.
type packer chan *packing

func newPacker() packer { return make(packer, 1) }

// packing is a writer and what it writes into.
type packing struct {
	to bytes.Buffer
	by *gzip.Writer
}

func (p packer) pack(body []byte) []byte {
	var one *packing
	select {
	case one = <-p:
	default:
		one = &packing{}
		one.by, _ = gzip.NewWriterLevel(&one.to, gzip.BestSpeed) // the level is one that there is
	}
	one.to.Reset()
	one.by.Reset(&one.to)
	_, _ = one.by.Write(body) // a buffer takes everything
	_ = one.by.Close()
	packed := bytes.Clone(one.to.Bytes())
	select {
	case p <- one:
	default:
	}
	return packed
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
