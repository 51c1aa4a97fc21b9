package difference

import "strings"

// danger is one thing that asks for a second look.
type danger struct {
	when func(before, after map[string]value) bool
	says string
}

func idpDangers(kind Kind, before, after map[string]value) []string {
	if kind == Removed {
		return []string{"its people lose access"}
	}
	return said(before, after, []danger{
		{switchedOn("suspended"), "nobody signs in there any more, and who has signed in takes no role"},
		{switchedOff("suspended"), "its people have access again"},
		{switchedOn("saml.allowSHA1"), "signatures by SHA-1 are believed, which can be forged at a price"},
		{switchedOn("saml.allowIdPInitiated"), "responses are taken that nobody here asked for"},
		{switchedOn("saml.allowUnsignedCBC"), "encrypted assertions are taken that nobody signed as they came"},
		{switchedOn("oidc.exchange"), "workloads may exchange tokens that are made for people's sign-in"},
		{becomes("oidc.tokenUse", "until-expiry"), "a token can be used until it expires, by whoever has it"},
		{switchedOff("requireOverlap"), "all keys may change at once without approval"},
		{gone("saml.metadataKey"), "its metadata need no longer be signed"},
		{replaced("saml.metadataURL", "saml.metadataFile", "oidc.issuer"), "its keys come from elsewhere: sign-ins are refused until they are fetched there"},
		{longer("fetch.allowCIDRs"), "its metadata may be fetched from more addresses inside your network"},
	})
}

func accountDangers(kind Kind, before, after map[string]value) []string {
	if kind == Removed {
		return []string{"none of its roles can be taken any more"}
	}
	return said(before, after, []danger{
		{switchedOn("manage.repair"), "what was changed by hand in its RAM is changed back"},
		{switchedOn("manage.users"), "its RAM users are disabled when their people leave"},
		{switchedOn("manage.delete"), "RAM users of people who leave are deleted, with their access keys"},
	})
}

func ruleDangers(kind Kind, before, after map[string]value) []string {
	if kind == Removed {
		return nil // no rule, no role: that is what removing is for
	}
	return said(before, after, []danger{
		{replaced("idp"), "it is for other people now"},
		{becomes("condition", "any"), "it holds for everybody who signs in there"},
		{gone("requires."), "how somebody signed in no longer matters"},
		{func(b, a map[string]value) bool { return b["mode"].is("audit") && a["mode"].isZero() }, "what it only logged it gives now"},
		{switchedOn("user.create"), "RAM users are made for whomever its identity provider names"},
		{switchedOn("disclose"), "everybody who signs in there may read its roles and what it wants"},
		{gone("session.policyFile"), "sessions have all that their roles may"},
	})
}

func said(before, after map[string]value, dangers []danger) []string {
	var lines []string
	for _, d := range dangers {
		if d.when(before, after) {
			lines = append(lines, d.says)
		}
	}
	return lines
}

func switchedOn(path string) func(before, after map[string]value) bool {
	return becomes(path, "true")
}

func switchedOff(path string) func(before, after map[string]value) bool {
	return func(before, after map[string]value) bool { return before[path].is("true") && !after[path].is("true") }
}

func becomes(path, text string) func(before, after map[string]value) bool {
	return func(before, after map[string]value) bool { return !before[path].is(text) && after[path].is(text) }
}

// gone is about a field, or all that begin with a path.
func gone(path string) func(before, after map[string]value) bool {
	return func(before, after map[string]value) bool {
		for p := range before {
			if _, stays := after[p]; !stays && strings.HasPrefix(p, path) {
				return true
			}
		}
		return false
	}
}

// replaced is about a field of an entry that was there before.
func replaced(paths ...string) func(before, after map[string]value) bool {
	return func(before, after map[string]value) bool {
		for _, path := range paths {
			if !before[path].isZero() && before[path].String() != after[path].String() {
				return true
			}
		}
		return false
	}
}

func longer(path string) func(before, after map[string]value) bool {
	return func(before, after map[string]value) bool { return len(without(after[path], before[path])) > 0 }
}
