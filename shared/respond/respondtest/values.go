package respondtest

import (
	"net/url"
	"strings"
)

// leading is how many of them lead to another host whoever reads them.
const leading = 24

// Elsewhere are addresses that lead to another host, look as if they did not, or look as
// if they led to Alibaba Cloud. None of them is an address that we lead to.
func Elsewhere() []string {
	const console = "ecs.console.aliyun.com"
	all := []string{
		// another host, as itself and as browsers complete it
		"https://evil.example/", "HTTPS://EVIL.EXAMPLE", "hTtP://evil.example", "https:evil.example", "https:/evil.example", "https:///evil.example",
		"//evil.example", "///evil.example", "////evil.example", "//evil.example/go/acme-prod/admin", "//evil.example/idp/1234567890123456/start",
		"https://evil.example/go/acme-prod/admin", "https://evil.example/idp/1234567890123456/start", "sso.example.evil.example/go/a/b",
		// backslashes, which are slashes to a browser
		`/\evil.example`, `\/evil.example`, `\\evil.example`, `/\/evil.example`, `\/\/evil.example`, `https:\\evil.example`, `https:/\evil.example`, `/go/\\evil.example`,
		`https://evil.example\.console.aliyun.com/`, `https://` + console + `\@evil.example/`, `https://evil.example\@` + console,
		// what a browser leaves out before it reads
		"/\t/evil.example", "/\n/evil.example", "/\r/evil.example", "\t//evil.example", " //evil.example", "\x00//evil.example", "\x01https://evil.example",
		"ht\ttps://evil.example", "https://evil.ex\nample", "https://evil.example\x00." + console + "/", "java\tscript:alert(1)",
		// schemes
		"javascript:alert(1)", "JaVaScRiPt:alert(1)", "javascript://" + console + "/%0aalert(1)", "data:text/html,<script>alert(1)</script>",
		"data:text/html;base64,PHNjcmlwdD4=", "vbscript:x", "blob:https://evil.example/x", "view-source:https://evil.example", "file:///etc/passwd", "ftp://" + console + "/", "http://" + console + "/",
		// userinfo
		"https://" + console + "@evil.example/", "https://" + console + ":443@evil.example/", "https://evil.example@" + console + "/", "https://a:b@" + console + "/",
		"https://" + console + "%40evil.example/", "//sso.example@evil.example/go/a/b", "https://" + console + "%2f@evil.example/",
		// names that begin or end like the right one
		"https://" + console + ".evil.example/", "https://console.aliyun.com.evil.example/", "https://evilconsole.aliyun.com/", "https://evil-console.aliyun.com/", "https://ecs.console.aliyun.comevil.example/",
		"https://aliyun.com/", "https://evil.aliyun.com/", "https://evilaliyun.com/", "https://ecs.console.evilaliyun.com/", "https://ecs.console.aliyun.co/", "https://.console.aliyun.com/", "https://x..console.aliyun.com/",
		"https://" + console + "./", "https://" + console + ":8443/", "https://" + console + ":443/", "https://" + console + "%2eevil.example/", "https://" + console + "%00.evil.example/",
		"https://evil.example#." + console, "https://evil.example?." + console, "https://evil.example/." + console, "https://evil.example;." + console, "https://evil.example&." + console,
		// letters that look alike, and that a browser turns into others
		"https://ecs.console.xn--alyun-n2a.com/", "https://xn--80ak6aa92e.com/", "https://ecs.console.\u0430liyun.com/", "https://ecs.c\u043ensole.aliyun.com/",
		"https://ecs\u3002console\u3002aliyun\u3002com/", "https://evil\uff0eexample/", "https://" + console + "\uff0f@evil.example/", "//evil\u3002example", "https://\u24d4vil.example/", "\uff0f\uff0fevil.example",
		"https://ecs.console.aliyun\u200b.com/", "https://ecs.console.aliyun.com\u2028evil.example/",
		// numbers
		"https://3232235777/", "https://0x7f.1/", "https://[::1]/", "https://127.0.0.1/", "//127.0.0.1:8080/go/a/b",
		// paths of ours that are none
		"/go/..//evil.example", "/go/../../evil.example", "/go//evil.example/x", "/go/%2e%2e//evil.example", "/go/./evil.example", "/.//evil.example", "/;//evil.example", "/signout", "/console", "/credentials",
		"/idp/1234567890123456/start/..//evil.example", "/idp//evil.example/start", "/go/a/b#//evil.example", "?//evil.example", "#//evil.example", "//", "/\\", "../go/a/b", "go/a/b",
	}
	for _, value := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "https://" + console + "@evil.example/", "javascript:alert(1)", "/\t/evil.example", "/go/../signout"} {
		once := url.QueryEscape(value) // for whoever reads it once more, or twice, than they should
		all = append(all, once, url.QueryEscape(once))
	}
	return append(all, "https://"+console+"/"+strings.Repeat("a", 4000), "https://"+strings.Repeat("a.", 2000)+"console.aliyun.com/", "/go/"+strings.Repeat("a/", 2000))
}

// BrokenLines are values that end a header, begin another, or do so once something has
// shortened or decoded them.
func BrokenLines() []string {
	return []string{
		"\r\nX-Evil: 1", "\nX-Evil: 1", "\rX-Evil: 1", "\r\n\r\n<script>alert(1)</script>", "\r\n Location: https://evil.example/", "a\r\nSet-Cookie: __Host-s=evil",
		"%0d%0aX-Evil:%201", "%0aX-Evil:%201", "%250d%250aX-Evil:%201", "%E5%98%8A%E5%98%8DX-Evil:%201", "%u000d%u000aX-Evil: 1", `\r\nX-Evil: 1`,
		"\u560a\u560dX-Evil: 1", // whose lowest bytes are a line break
		"\u2028X-Evil: 1", "\u2029X-Evil: 1", "\u0085X-Evil: 1", "\x00", "\x0b\x0c", "\x7f", "\xff\xfe", "; Domain=evil.example", "; Path=/x", ", X-Evil: 1", "\"><script>alert(1)</script>",
		`"><base href="https://evil.example/">`, `"><meta http-equiv="refresh" content="0;url=https://evil.example/">`, `' formaction='https://evil.example/`,
	}
}
