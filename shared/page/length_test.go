package page_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/page"
)

// TestEveryLengthIsExplained on the pages and in the answer to a program alike.
func TestEveryLengthIsExplained(t *testing.T) {
	p := pages(t, page.Brand{})
	for by, want := range map[string]struct{ en, zh string }{
		"rule":              {"The rule gives 8 h.", "有效期由规则决定：8 小时。"},
		"sign_in":           {"The rule gives 8 h, but your sign-in ends before that.", "规则允许 8 小时，但您的登录会更早到期。"},
		"session":           {"The rule gives 8 h, but your session here ends before that.", "规则允许 8 小时，但您在本站的会话会更早结束。"},
		"identity_provider": {"The rule gives 8 h, but your identity provider allows 1 h 30 min.", "规则允许 8 小时，但您的身份提供商只允许 1 小时 30 分钟。"},
		"asked":             {"As asked for. The rule would give 8 h.", "按请求的时长。规则最多允许 8 小时。"},
		"role":              {"The rule gives 8 h, but this role allows at most 1 h 30 min.", "规则允许 8 小时，但该角色最多允许 1 小时 30 分钟。"},
		"role_unknown": {
			"The rule gives 8 h. This role allows less, and how much is not known here yet: an hour, which every role allows.",
			"规则允许 8 小时。该角色允许的时间更短，具体上限暂不清楚，因此为一小时（所有角色都允许）。",
		},
		"role_shrank": {
			"The rule gives 8 h. This role allows less than when it was last looked at: an hour, which every role allows.",
			"规则允许 8 小时。该角色现在允许的时间比上次读取时更短，因此为一小时（所有角色都允许）。",
		},
	} {
		length := page.Length{Lasts: 90 * time.Minute, Rule: 8 * time.Hour, By: by}
		for lang, sentence := range map[page.Lang]string{page.English: want.en, page.Chinese: want.zh} {
			if got := page.Why(lang, length); got != sentence {
				t.Errorf("%s: %q", by, got)
			}
			credentials, _ := render(t, p, "/?lang="+string(lang), page.Credentials{Length: length})
			if !strings.Contains(credentials, sentence) {
				t.Errorf("the credentials page does not say %q", sentence)
			}
			roles, _ := render(t, p, "/?lang="+string(lang), page.Roles{Accounts: []page.Account{{Roles: []page.Role{{Length: length}}}}})
			if strings.Contains(roles, sentence) == (by == "rule") { // which stands beside it already
				t.Errorf("the page of roles with %q: %v", sentence, by == "rule")
			}
		}
	}
	if got := page.Why(page.English, page.Length{By: "moon"}); got != "" {
		t.Errorf("%q", got)
	}
}
