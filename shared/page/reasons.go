package page

import "github.com/fc-sso/fc-sso/shared/reason"

// sentences are what the person at the browser reads for each reason: one
// sentence, no blame, and nothing about which check it was that failed beyond
// what helps to mend it.
func sentences() map[reason.Code]text {
	return map[reason.Code]text{
		reason.Internal:         {"Something went wrong on our side.", "我们这边出现了问题。"},
		reason.NotImplemented:   {"This is not available yet.", "该功能尚未提供。"},
		reason.NotFound:         {"There is no page at this address.", "该地址没有对应的页面。"},
		reason.MethodNotAllowed: {"This address cannot be opened in that way.", "该地址不支持这种访问方式。"},
		reason.WrongHost:        {"This service was reached under a name that it does not have.", "访问本服务所用的域名不正确。"},
		reason.RequestMalformed: {"Something was missing from the request, or had the wrong form.", "请求缺少内容或格式不正确。"},
		reason.RequestTooLarge:  {"The request was larger than allowed.", "请求超过了允许的大小。"},
		reason.RequestForged:    {"The request did not come from one of our own pages, or that page was too old.", "请求并非来自本站页面，或者该页面已过期。"},
		reason.TargetNotAllowed: {"The page to open afterwards is not one that may be opened from here.", "登录后要打开的页面不在允许的范围内。"},

		reason.MessageMalformed:    {"The sign-in message could not be read.", "无法读取登录消息。"},
		reason.MessageTooLarge:     {"The sign-in message was larger than allowed.", "登录消息超过了允许的大小。"},
		reason.EncryptionUnsigned:  {"The sign-in message was encrypted in a way that is not safe.", "登录消息的加密方式不安全。"},
		reason.EncryptionRefused:   {"The sign-in message was encrypted in a way that is not accepted.", "登录消息的加密方式不被接受。"},
		reason.DecryptionFailed:    {"The sign-in message could not be decrypted.", "无法解密登录消息。"},
		reason.VersionUnsupported:  {"The sign-in message is of a version that is not supported.", "不支持该登录消息的版本。"},
		reason.AssertionMissing:    {"The sign-in message did not say who you are.", "登录消息中没有您的身份信息。"},
		reason.AssertionsSeveral:   {"The sign-in message said more than once who you are.", "登录消息中包含多份身份信息。"},
		reason.SignatureMissing:    {"The sign-in message was not signed.", "登录消息没有签名。"},
		reason.SignatureAlgorithm:  {"The sign-in message was signed in a way that is not accepted.", "登录消息所用的签名算法不被接受。"},
		reason.SignatureInvalid:    {"It could not be confirmed that the sign-in comes from your identity provider.", "无法确认该登录来自您的身份提供商。"},
		reason.StatusNotSuccess:    {"Your identity provider did not let you in.", "您的身份提供商没有允许此次登录。"},
		reason.IssuerMismatch:      {"The sign-in came from another identity provider than expected.", "登录来自另一个身份提供商。"},
		reason.AudienceMismatch:    {"The sign-in was meant for another service.", "该登录是发给另一个服务的。"},
		reason.DestinationMismatch: {"The sign-in was meant for another address.", "该登录是发往另一个地址的。"},
		reason.RecipientMismatch:   {"The sign-in was meant for another recipient.", "该登录是发给另一个接收方的。"},
		reason.SubjectMissing:      {"The sign-in did not say who you are.", "登录消息没有说明您是谁。"},
		reason.ConfirmationMissing: {"The sign-in lacks a confirmation that is needed.", "登录缺少必要的确认信息。"},
		reason.ConditionUnknown:    {"The sign-in has a condition that this service does not know.", "登录附带了本服务不认识的条件。"},
		reason.AuthnMissing:        {"The sign-in did not say when you signed in.", "登录消息没有说明您的登录时间。"},
		reason.NotYetValid:         {"The sign-in is dated in the future: two clocks differ.", "登录的时间在将来：两边的时钟不一致。"},
		reason.Expired:             {"The sign-in came too late.", "该登录已过期。"},
		reason.LifetimeTooLong:     {"The sign-in would be valid for longer than is accepted.", "该登录的有效期超过了允许的长度。"},
		reason.RequestMismatch:     {"The answer belongs to another sign-in than the one under way.", "收到的应答不属于当前的登录。"},
		reason.UnsolicitedResponse: {"Sign-ins have to begin on this site.", "登录必须从本站发起。"},
		reason.Replayed:            {"This sign-in was used already.", "该登录已被使用过。"},
		reason.SignInUnknown:       {"The sign-in took too long, or was finished already.", "登录用时过长，或者已经完成。"},
		reason.SignInOtherBrowser:  {"The sign-in was begun in another browser, or this one blocks cookies.", "登录是在另一个浏览器中发起的，或者此浏览器禁用了 Cookie。"},

		reason.IdPUnknown:        {"This identity provider is not known here.", "这里没有该身份提供商。"},
		reason.IdPSuspended:      {"Sign-ins through this identity provider are switched off at the moment.", "该身份提供商的登录目前已停用。"},
		reason.KeysUnavailable:   {"This identity provider is not ready yet. Try again in a few minutes.", "该身份提供商尚未就绪，请几分钟后重试。"},
		reason.MetadataInvalid:   {"The identity provider's description could not be used.", "身份提供商的描述信息无法使用。"},
		reason.SourceUnavailable: {"The identity provider could not be reached.", "无法连接身份提供商。"},

		reason.SessionMissing:     {"Your session has ended. Sign in again.", "您的会话已结束，请重新登录。"},
		reason.SessionOtherPerson: {"Somebody else is signed in here.", "此处已有其他人登录。"},
		reason.RoleNotGranted:     {"This role is not assigned to you.", "该角色没有分配给您。"},
		reason.StepUpNeeded:       {"This role needs a stronger or a fresher sign-in than yours.", "使用该角色需要更高强度的登录，或需要重新登录。"},
		reason.StepUpFailed:       {"Your identity provider did not sign you in the way that this role needs.", "身份提供商没有按该角色要求的方式完成登录。"},
		reason.RoleRefused:        {"Alibaba Cloud did not give out this role.", "阿里云没有授予该角色。"},
		reason.IssueNotInEffect:   {"Roles of this account are not available yet.", "该账号的角色尚不可用。"},

		reason.StoreUnavailable:     {"The service is not available at the moment. Try again shortly.", "服务暂时不可用，请稍后重试。"},
		reason.StoreConflict:        {"Something was changed at the same time. Try again.", "内容同时被其他操作修改，请重试。"},
		reason.STSUnavailable:       {"Alibaba Cloud did not answer in time. Try again shortly.", "阿里云没有及时应答，请稍后重试。"},
		reason.ConsoleUnavailable:   {"The console could not be opened. Try again shortly.", "无法打开控制台，请稍后重试。"},
		reason.FederationMissing:    {"This service has not been set up yet.", "本服务尚未完成配置。"},
		reason.CredentialsMissing:   {"This service lacks a permission that it needs.", "本服务缺少必要的权限。"},
		reason.ConfigurationInvalid: {"This service is not set up correctly.", "本服务的配置不正确。"},
	}
}
