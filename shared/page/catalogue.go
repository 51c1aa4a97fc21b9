package page

// text is one entry of the catalogue in both languages. Chinese is written by
// meaning: 登录, 角色, 账号, 有效期.
type text struct{ en, zh string }

func (t text) in(l Lang) string {
	if l == Chinese {
		return t.zh
	}
	return t.en
}

// catalogue holds every text that a person sees, the reasons' sentences under
// reason.<code>. A key that ends in .one is the singular, where a language has
// one.
func catalogue() map[string]text {
	all := map[string]text{
		"brand":       {"Alibaba Cloud sign-in", "阿里云登录"},
		"skip":        {"Skip to content", "跳到正文"},
		"help":        {"Help:", "帮助："},
		"lang.switch": {"中文", "English"},
		"lang.label":  {"切换到中文", "Switch to English"},
		"span.hm":     {"%v h %v min", "%v 小时 %v 分钟"},
		"span.h":      {"%v h", "%v 小时"},
		"span.m":      {"%v min", "%v 分钟"},
		"time.here":   {"(%s here)", "（本地 %s）"},
		"copy":        {"Copy", "复制"},
		"copied":      {"Copied", "已复制"},

		"chooser.title":         {"Sign in", "登录"},
		"chooser.heading":       {"Sign in to Alibaba Cloud", "登录阿里云"},
		"chooser.lead":          {"Choose how your company knows you.", "请选择您所在组织的登录方式。"},
		"chooser.target":        {"You asked for %s. It opens once you have signed in.", "您要打开的是 %s，登录后会自动打开。"},
		"chooser.last":          {"Last used", "上次使用"},
		"chooser.or":            {"or", "或"},
		"chooser.email":         {"Your work e-mail address", "您的工作邮箱"},
		"chooser.continue":      {"Continue", "继续"},
		"chooser.email.unknown": {"Nobody here answers for %s. Choose from the list above.", "没有与 %s 对应的登录方式，请从上面的列表中选择。"},
		"chooser.none":          {"No way to sign in has been set up yet.", "尚未配置任何登录方式。"},
		"chooser.none.ask":      {"Your cloud administrator adds one with ssoctl apply.", "请联系云管理员用 ssoctl apply 添加。"},

		"roles.title":        {"Your roles", "我的角色"},
		"roles.count":        {"%d roles", "%d 个角色"},
		"roles.count.one":    {"1 role", "1 个角色"},
		"roles.in":           {"in %d accounts", "分布在 %d 个账号"},
		"roles.in.one":       {"in 1 account", "在 1 个账号中"},
		"roles.programs":     {"%d more roles are for programs: they bring a proof of your identity provider, which this page does not have.", "另有 %d 个角色仅供程序使用：程序需出示身份提供商签发的凭据，本页面没有该凭据。"},
		"roles.programs.one": {"1 more role is for programs: they bring a proof of your identity provider, which this page does not have.", "另有 1 个角色仅供程序使用：程序需出示身份提供商签发的凭据，本页面没有该凭据。"},
		"roles.left":         {"%s left", "剩余 %s"},
		"roles.ended":        {"Session ended", "会话已结束"},
		"roles.via":          {"through %s", "通过 %s 登录"},
		"roles.signout":      {"Sign out", "退出登录"},
		"roles.search":       {"Find a role", "查找角色"},
		"roles.search.hint":  {"Enter opens the first", "按回车打开第一个"},
		"roles.search.none":  {"No role matches.", "没有匹配的角色。"},
		"roles.console":      {"Console", "控制台"},
		"roles.console.of":   {"Open the console as %s in %s", "以 %s 角色打开 %s 的控制台"},
		"roles.keys":         {"Credentials", "访问凭证"},
		"roles.keys.of":      {"Credentials of %s in %s", "%s 在 %s 中的访问凭证"},
		"roles.duration":     {"Lasts %s", "有效期 %s"},
		"roles.link":         {"Direct link", "直达链接"},

		"empty.heading":          {"You are signed in, but there is no role for you yet.", "您已登录，但还没有分配给您的角色。"},
		"empty.groups":           {"%s sent us %d facts about you. None of them matches a rule that gives a role.", "%s 向我们提供了 %d 项关于您的信息，但没有任何规则据此授予角色。"},
		"empty.groups.one":       {"%s sent us one fact about you. It matches no rule that gives a role.", "%s 只向我们提供了 1 项关于您的信息，没有任何规则据此授予角色。"},
		"empty.nothing":          {"%s told us your name and nothing else, so no rule could match. It may have to be told to send your groups.", "%s 只提供了您的名称，没有其他信息，因此没有规则可以匹配。可能需要在那里配置发送您的用户组。"},
		"empty.ask":              {"Ask your cloud administrator for a role. Tell them who you are here:", "请向云管理员申请角色，并告知您在这里的身份："},
		"empty.received":         {"What %s said about you", "%s 提供的关于您的信息"},
		"empty.values":           {"%d values", "%d 个值"},
		"empty.values.one":       {"1 value", "1 个值"},
		"empty.again":            {"Was a group added only just now? Sign out and in again.", "刚刚才加入用户组？请退出后重新登录。"},
		"keys.what":              {"%s in %s", "%s（%s）"},
		"credentials.title":      {"Credentials", "访问凭证"},
		"credentials.valid":      {"Valid until", "有效期至"},
		"credentials.left":       {"%s from now", "剩余 %s"},
		"credentials.shortened":  {"The rule gives more, but this role allows at most an hour.", "规则允许更长时间，但该角色最多只允许一小时。"},
		"credentials.role":       {"Role", "角色"},
		"credentials.account":    {"Account", "账号"},
		"credentials.session":    {"Session name", "会话名称"},
		"credentials.rule":       {"Given by the rule", "授权规则"},
		"credentials.tabs":       {"Use them in", "使用方式"},
		"credentials.show":       {"Show secrets", "显示密钥"},
		"credentials.keep":       {"Whoever has these is you until they expire. Paste them into your own terminal, nowhere else.", "在到期之前，任何持有这些凭证的人都能以您的身份操作。请只粘贴到您自己的终端里。"},
		"credentials.back":       {"Back to your roles", "返回角色列表"},
		"confirm.title":          {"Open the console?", "打开控制台？"},
		"confirm.lead":           {"A link from another place brought you here. Go on only if you meant to open this:", "您是通过其他页面的链接来到这里的。仅当您确实要打开以下内容时才继续："},
		"confirm.as":             {"You are signed in as %s.", "当前登录：%s"},
		"confirm.to":             {"Opens", "打开页面"},
		"confirm.go":             {"Open the console", "打开控制台"},
		"confirm.no":             {"No, show my roles", "不，显示我的角色"},
		"stepup.title":           {"Sign in again for this role", "使用该角色需要重新登录"},
		"stepup.lead":            {"Your sign-in is good, but this role needs more of it. %s will ask you once more.", "您的登录有效，但该角色有更高的要求。%s 会再次确认您的身份。"},
		"stepup.go":              {"Sign in again", "重新登录"},
		"stepup.no":              {"Not now, show my roles", "暂不，返回角色列表"},
		"proof.class":            {"Kind of sign-in needed", "要求的登录方式"},
		"proof.age":              {"Signed in", "登录时间要求"},
		"proof.ago":              {"at most %s ago", "不超过 %s 之前"},
		"proof.yours":            {"Yours", "您的登录"},
		"again.heading":          {"You could also have", "重新登录后还可以使用"},
		"again.strong":           {"needs a stronger sign-in, such as one with a second factor", "需要更高强度的登录，例如双因素认证"},
		"again.fresh":            {"needs a fresh sign-in", "需要重新登录以确认身份"},
		"again.go":               {"Sign in again", "重新登录"},
		"again.of":               {"Sign in again for %s in %s", "重新登录以使用 %s（%s）"},
		"arrival.title":          {"Which one are you?", "请选择登录身份"},
		"arrival.lead":           {"You were signed in here already when a sign-in as somebody else arrived. It did not begin on this site.", "您已在此登录，此时又收到了另一个身份的登录，而该登录并非从本站发起。"},
		"arrival.warn":           {"If you did not start it yourself, stay who you are.", "如果不是您本人发起的，请保持当前身份。"},
		"arrival.stay":           {"Stay %s", "保持 %s"},
		"arrival.change":         {"Change to %s", "切换为 %s"},
		"signedout.title":        {"You are signed out", "您已退出登录"},
		"signedout.lead":         {"Your session here has ended.", "您在本站的会话已结束。"},
		"signedout.lives":        {"What lives on until its own time", "以下内容在到期前仍然有效"},
		"signedout.console":      {"Consoles that you opened: sign out there too, or wait until their role's time is over (at most 12 h).", "已打开的控制台：请在控制台中另行退出，或等待角色会话到期（最长 12 小时）。"},
		"signedout.keys":         {"Credentials that you copied: they end at the time that stood beside them.", "已复制的访问凭证：到页面上标明的时间失效。"},
		"signedout.idp":          {"Your identity provider: it may sign you in again without asking.", "身份提供商：它可能不再询问就让您重新登录。"},
		"signedout.again":        {"Sign in again", "重新登录"},
		"refusal.signin":         {"You are not signed in", "登录未完成"},
		"refusal.title":          {"That did not work", "操作未完成"},
		"refusal.person":         {"You can mend this yourself: try again. If it comes back, pass this on:", "您可以自行重试。如果问题再次出现，请提供以下信息："},
		"refusal.idp_admin":      {"Ask whoever runs your company's sign-in, and give them this:", "请联系贵公司身份提供商的管理员，并提供以下信息："},
		"refusal.cloud_admin":    {"Ask your cloud administrator, and give them this:", "请联系您的云管理员，并提供以下信息："},
		"refusal.project_author": {"This is a fault of ours. Pass this on to your cloud administrator:", "这是我们的故障。请将以下信息转交给云管理员："},
		"refusal.code":           {"Code", "代码"},
		"refusal.reference":      {"Reference", "参考号"},
		"refusal.time":           {"Time", "时间"},
		"refusal.retry":          {"Try again", "重试"},
		"post.title":             {"Continue", "继续登录"},
		"post.lead":              {"One moment: you go on to %s to sign in.", "请稍候，正在前往 %s 登录。"},
		"post.left":              {"Your session here has ended. One moment: %s is told.", "您在本站的会话已结束。请稍候，正在通知 %s。"},
		"post.button":            {"Continue to %s", "继续前往 %s"},
		"post.stuck":             {"If nothing happens, use the button.", "如果没有自动跳转，请点击按钮。"},
	}
	for code, sentence := range sentences() {
		all["reason."+string(code)] = sentence
	}
	return all
}
