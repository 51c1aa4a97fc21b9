package page_test

import (
	"bytes"
	"html"
	"image"
	imagepng "image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/page"
)

func logoFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "logo")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func svg(inner string) string {
	return `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 8 8">` + inner + `</svg>`
}

func png(t *testing.T, width, height int) string {
	t.Helper()
	var b bytes.Buffer
	if err := imagepng.Encode(&b, image.NewNRGBA(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestALogoStandsInPlaceOfOurs(t *testing.T) {
	for content, contentType := range map[string]string{
		svg(`<defs><circle id="c" r="2"/></defs><style>.a{fill:url(#g)}</style><use xlink:href="#c"/><path style="fill:url( '#g' )" d="M0 0"/>`): "image/svg+xml",
		png(t, 96, 64): "image/png",
	} {
		p := pages(t, page.Brand{Name: "Acme Cloud", Logo: logoFile(t, content)})
		body, _ := render(t, p, "/", page.SignedOut{})
		link := regexp.MustCompile(`<link rel="icon" type="([^"]+)" href="(/static/logo\.[0-9a-f]{16}\.(?:svg|png))">`).FindStringSubmatch(html.UnescapeString(body))
		if link == nil || link[1] != contentType || !strings.Contains(body, `<img src="`+link[2]+`" alt=""`) {
			t.Fatalf("%s: %v\n%s", contentType, link, body)
		}
		if file, ok := p.Static().Open(link[2]); !ok || string(file.Body) != content || file.ContentType != contentType {
			t.Errorf("%s: %t, %s", link[2], ok, file.ContentType)
		}
	}
}

func TestALogoIsAPictureAndNoMore(t *testing.T) {
	for name, content := range map[string]string{
		"script":           svg(`<script>alert(1)</script>`),
		"a script's case":  svg(`<SCRIPT/>`),
		"prefixed":         svg(`<s:script xmlns:s="http://www.w3.org/2000/svg"/>`),
		"on an element":    svg(`<path onload="alert(1)"/>`),
		"a page inside":    svg(`<foreignObject/>`),
		"a foreign image":  svg(`<image href="https://evil.example/x.png"/>`),
		"an older link":    svg(`<image xlink:href="//evil.example/x.png"/>`),
		"data":             svg(`<image href="data:image/svg+xml;base64,AA=="/>`),
		"a foreign style":  svg(`<path style="fill:URL(https://evil.example/)"/>`),
		"an import":        svg(`<style>@import "https://evil.example/"</style>`),
		"a hidden import":  svg(`<style>@\69mport "https://evil.example/"</style>`),
		"in CDATA":         svg(`<style><![CDATA[a{fill:url(https://evil.example/)}]]></style>`),
		"a document type":  `<!DOCTYPE svg [<!ENTITY a "b">]>` + svg(""),
		"a style sheet":    `<?xml-stylesheet href="https://evil.example/"?>` + svg(""),
		"HTML":             `<html xmlns="http://www.w3.org/1999/xhtml"/>`,
		"no namespace":     `<svg viewBox="0 0 8 8"/>`,
		"cut short":        `<svg xmlns="http://www.w3.org/2000/svg"`,
		"not XML":          "GIF89a",
		"nothing":          "",
		"too large":        svg(strings.Repeat("<g/>", 9000)),
		"too large, a PNG": png(t, 8, 8) + strings.Repeat("x", 32<<10),
		"cut short, a PNG": png(t, 8, 8)[:60],
		"no more than PNG": "\x89PNG\r\n\x1a\n",
		"far too wide":     png(t, 1025, 1),
		"far too high":     png(t, 1, 1025),
		"without a width":  strings.Replace(png(t, 8, 8), "IHDR\x00\x00\x00\x08", "IHDR\x00\x00\x00\x00", 1),
	} {
		if _, err := page.New("https://sso.acme.com", page.Brand{Logo: logoFile(t, content)}); err == nil || !strings.Contains(err.Error(), "logo") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := page.New("https://sso.acme.com", page.Brand{Logo: "/nowhere/logo.svg"}); err == nil || !strings.Contains(err.Error(), "/nowhere/logo.svg") {
		t.Errorf("missing: %v", err)
	}
}
