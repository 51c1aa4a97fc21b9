package page

import "time"

// Length is how long a session lasts, and what decided that.
type Length struct {
	Lasts time.Duration
	Rule  time.Duration // what the rule gives
	By    string        // what decided, a mapping.Bound
}

// Cut says that it is not the rule that decided.
func (l Length) Cut() bool { return l.By != "" && l.By != "rule" }

// Why says what decided a length, to who asks for no page.
func Why(lang Lang, l Length) string {
	f := frame{Lang: lang, texts: catalogue()}
	return f.Why(l)
}

// Why says what decided a length.
func (f *frame) Why(l Length) string {
	rule, lasts := f.Span(l.Rule), f.Span(l.Lasts)
	switch l.By {
	case "rule":
		return f.T("length.rule", rule)
	case "sign_in":
		return f.T("length.sign_in", rule)
	case "session":
		return f.T("length.session", rule)
	case "identity_provider":
		return f.T("length.identity_provider", rule, lasts)
	case "asked":
		return f.T("length.asked", rule)
	case "role":
		return f.T("length.role", rule, lasts)
	case "role_unknown":
		return f.T("length.role_unknown", rule)
	case "role_shrank":
		return f.T("length.role_shrank", rule)
	}
	return ""
}
