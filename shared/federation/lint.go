package federation

import (
	"fmt"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// Severity says how much a finding matters.
type Severity string

// The severities.
const (
	Error   Severity = "error"   // somebody may become what nobody meant
	Warning Severity = "warning" // something does not do what it looks like
	Note    Severity = "note"    // it is as declared, and worth knowing
)

// Finding is something in a federation without problems that deserves a second
// look. Path is as in [Problem]; Code is what people accept it by.
type Finding struct {
	Code     string
	Severity Severity
	Problem
}

// LintOptions are what a look at a federation needs beside it.
type LintOptions struct {
	Now      time.Time
	Maximums map[ram.RoleARN]time.Duration // of sessions, as RAM has them, where they are known
}

// LintCheck is one thing that [Revision.Lint] looks for.
type LintCheck struct {
	Code     string
	Severity Severity
	Meaning  string

	look func(*linter)
}

// LintChecks are all of them, in the order in which they are made.
func LintChecks() []LintCheck {
	return []LintCheck{
		{"subject_too_wide", Error, "anybody at a provider that serves the world, or any service account of a cluster, meets the rule", (*linter).wideSubjects},
		{"pull_request_subject", Warning, "a pull request meets the rule: who may open one gets its roles", (*linter).pullRequests},
		{"rule_expired", Warning, "the rule's time is over", (*linter).expired},
		{"rule_never_holds", Warning, "the rule's numbers, times or networks exclude each other", (*linter).never},
		{"rule_shadowed", Warning, "an earlier rule decides wherever this one holds", (*linter).shadowed},
		{"rules_alike", Warning, "two names differ by case alone, and traces name rules", (*linter).alikeNames},
		{"session_nameless", Warning, "every session of the rule bears one name in ActionTrail", (*linter).namelessSessions},
		{"session_by_email", Note, "sessions bear an e-mail address alone, which another person may have one day", (*linter).sessionsByEmail},
		{"condition_idle", Warning, "a pattern is met by whatever comes, so it asks for nothing", (*linter).idlePatterns},
		{"asserted_any_role", Warning, "the identity provider may name any role of the account", (*linter).anyAsserted},
		{"duration_above_maximum", Warning, "the role allows no session as long as the rule's", (*linter).longerThanRole},
		{"duration_above_default", Note, "a role allows one hour unless its MaxSessionDuration was raised", (*linter).longerThanDefault},
		{"idp_unused", Warning, "no rule is for people of the identity provider", (*linter).unusedIdPs},
		{"account_unused", Warning, "no rule gives anything in the account", (*linter).unusedAccounts},
		{"provider_unused", Note, "an account names an identity provider whose people get nothing there", (*linter).unusedProviders},
		{"issuer_named_twice", Warning, "an account calls one issuer by two OIDC providers, and RAM has one for an issuer", (*linter).issuersNamedTwice},
		{"email_domains_missing", Note, "of several identity providers one is not found by an e-mail address", (*linter).withoutDomains},
		{"disclosed_to_nobody", Warning, "there is nobody whom the rule could show what they lack", (*linter).disclosedToNobody},
		{"created_at_sign_in", Note, "no event says what the rule asks, so RAM users of it are made at their first sign-in alone", (*linter).createdAtSignIn},
		{"role_audited_only", Note, "only rules in mode audit give the role, so nobody gets it", (*linter).auditedRoles},
		{"owner_by_name", Note, "the owner is known by a name that another may take after a renaming, not by its number", (*linter).ownersByName},
		{"sha1_allowed", Note, "signatures with SHA-1 are believed", (*linter).weakAlgorithms},
		{"cbc_allowed", Note, "encrypted messages are opened that may have been changed", (*linter).malleableEncryption},
		{"idp_initiated_allowed", Note, "sign-ins that nobody here began are taken", (*linter).unaskedSignIns},
		{"clock_skew_long", Note, "messages live longer than they say by more than two minutes", (*linter).longSkew},
	}
}

// Lint looks at what was compiled. Its findings are no problems: a federation may
// be meant as it is.
func (r Revision) Lint(options LintOptions) []Finding {
	l := &linter{Revision: r, LintOptions: options}
	for _, check := range LintChecks() {
		l.check = check
		check.look(l)
	}
	return l.findings
}

type linter struct {
	Revision
	LintOptions
	check    LintCheck
	findings []Finding
}

func (l *linter) find(path, cause, fix string) {
	l.findings = append(l.findings, Finding{l.check.Code, l.check.Severity, Problem{path, cause, fix}})
}

// sourceOf is not copied: metadata is long and rules are many.
func (l *linter) sourceOf(rule Rule) trust.Source { return l.idps[l.idp[rule.idp]] }

func rulePath(i int) string { return fmt.Sprintf("rules[%d]", i) }

func (c Clause) path(rule int) string {
	return fmt.Sprintf("%s.condition.%s.%s", rulePath(rule), c.written, c.key)
}
