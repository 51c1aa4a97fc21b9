package page

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxLogo keeps the first page small.
const maxLogo = 32 << 10

// readLogo reads a company's logo, which stands in place of our own: SVG or PNG. It is
// shown as a picture alone, where a browser runs nothing and fetches nothing, and served
// with a policy that allows neither; what would need that is refused all the same, or it
// would look otherwise than at its maker's.
func readLogo(path string) (name, contentType string, body []byte, err error) {
	f, err := os.Open(path) //nolint:gosec // the deployer's own setting
	if err != nil {
		return "", "", nil, fmt.Errorf("logo: %w", err)
	}
	defer func() { _ = f.Close() }()
	body, err = io.ReadAll(io.LimitReader(f, maxLogo+1))
	switch {
	case err != nil:
		return "", "", nil, fmt.Errorf("logo: %w", err)
	case len(body) > maxLogo:
		return "", "", nil, fmt.Errorf("logo %s: it is larger than %d bytes", path, maxLogo)
	case bytes.HasPrefix(body, []byte(pngBegins)):
		if err := checkPNG(body); err != nil {
			return "", "", nil, fmt.Errorf("logo %s: it begins as a PNG, but %w", path, err)
		}
		return "logo.png", "image/png", body, nil
	}
	if err := checkSVG(body); err != nil {
		return "", "", nil, fmt.Errorf("logo %s: it is no PNG, and as SVG: %w", path, err)
	}
	return "logo.svg", "image/svg+xml", body, nil
}

const (
	pngBegins = "\x89PNG\r\n\x1a\n"
	pngEnds   = "\x00\x00\x00\x00IEND\xaeB\x60\x82"
	maxPixels = 1024 // a side: a browser unpacks them all, for 28
)

// checkPNG reads the head of a PNG by hand (PNG 11.2.1), which spares the functions an
// image library: that it is whole, and no larger than a logo is.
func checkPNG(body []byte) error {
	rest := body[len(pngBegins):]
	if len(rest) < 16 || string(rest[:8]) != "\x00\x00\x00\rIHDR" || !bytes.HasSuffix(body, []byte(pngEnds)) {
		return errors.New("is none, or cut short")
	}
	width, height := binary.BigEndian.Uint32(rest[8:]), binary.BigEndian.Uint32(rest[12:])
	if width == 0 || height == 0 || width > maxPixels || height > maxPixels {
		return fmt.Errorf("has %d by %d pixels, where 1 to %d a side are taken", width, height, maxPixels)
	}
	return nil
}

// checkSVG takes a picture that stands for itself.
func checkSVG(body []byte) error {
	decoder, root := xml.NewDecoder(bytes.NewReader(body)), true
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			if root {
				return errors.New("it is empty")
			}
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if root && !isSVG(t) {
				return fmt.Errorf("its first element is %s, not svg", t.Name.Local)
			}
			root = false
			err = checkElement(t)
		case xml.CharData:
			err = checkStyle(string(t)) // of a style element; in other text it does no harm
		case xml.Directive:
			err = errors.New("it has a document type")
		case xml.ProcInst:
			if t.Target != "xml" {
				err = fmt.Errorf("it has an instruction for %s", t.Target)
			}
		}
		if err != nil {
			return err
		}
	}
}

func isSVG(t xml.StartElement) bool {
	for _, a := range t.Attr {
		if a.Name.Local == "xmlns" && a.Value == "http://www.w3.org/2000/svg" {
			return t.Name.Space == "" && t.Name.Local == "svg"
		}
	}
	return false
}

func checkElement(t xml.StartElement) error {
	switch name := strings.ToLower(t.Name.Local); name {
	case "script", "foreignobject", "iframe", "object", "embed", "handler", "listener":
		return fmt.Errorf("it has an element %s", t.Name.Local)
	}
	for _, a := range t.Attr {
		name := strings.ToLower(a.Name.Local)
		switch {
		case strings.HasPrefix(name, "on"):
			return fmt.Errorf("it has a script in %s", a.Name.Local)
		case (name == "href" || name == "src") && !strings.HasPrefix(a.Value, "#"):
			return fmt.Errorf("its %s leads to %.40q", a.Name.Local, a.Value)
		}
		if err := checkStyle(a.Value); err != nil {
			return err
		}
	}
	return nil
}

// checkStyle finds what a style would fetch.
func checkStyle(text string) error {
	text = strings.ToLower(text)
	if strings.Contains(text, "@import") || strings.Contains(text, `\`) {
		return errors.New("it has a style that imports another, or hides what it does")
	}
	for rest := text; ; {
		_, after, found := strings.Cut(rest, "url(")
		if !found {
			return nil
		}
		if !strings.HasPrefix(strings.TrimLeft(after, " \t\r\n\"'"), "#") {
			return fmt.Errorf("its style leads to %.40q", after)
		}
		rest = after
	}
}
