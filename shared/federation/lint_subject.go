package federation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/trust"
)

// crowd is a provider at which people who do not know each other all have tokens
// from one issuer: a rule has to say whose it means.
type crowd struct {
	issuers []string
	preset  string // names it where the issuer is one's own
	owners  []ownerClaim
	numbers []string // claims that name the owner for good
	anybody string   // who meets a rule that does not say whose it means
}

// ownerClaim is a claim that says whose a token is. Up to and with the mark it
// names an owner, what follows is the owner's own; without one it names nothing
// else.
type ownerClaim struct{ name, mark string }

// crowds are those that are known, by what their tokens say.
func crowds() []crowd {
	return []crowd{
		{
			issuers: []string{"https://token.actions.githubusercontent.com"}, preset: "github",
			owners: []ownerClaim{
				{"sub", "/"},
				{"repository", "/"},
				{"job_workflow_ref", "/"},
				{"repository_owner", ""},
				{"repository_owner_id", ""},
				{"repository_id", ""},
				{"enterprise", ""},
				{"enterprise_id", ""},
			},
			numbers: []string{"repository_owner_id", "repository_id", "enterprise_id"},
			anybody: "any workflow of any repository at GitHub",
		},
		{
			issuers: []string{"https://gitlab.com"}, preset: "gitlab",
			owners: []ownerClaim{
				{"sub", "/"},
				{"project_path", "/"},
				{"namespace_path", ""},
				{"project_id", ""},
				{"namespace_id", ""},
			},
			numbers: []string{"project_id", "namespace_id"},
			anybody: "any job of any project at GitLab",
		},
		{
			preset: "kubernetes", owners: []ownerClaim{{"sub", "system:serviceaccount:*:"}},
			anybody: "any service account of the cluster",
		},
	}
}

// crowdOf is the crowd at a source, if there is one.
func crowdOf(s trust.Source) (crowd, bool) {
	if s.OIDC == nil {
		return crowd{}, false
	}
	for _, c := range crowds() {
		if slices.Contains(c.issuers, s.OIDC.Issuer) || s.Preset != "" && s.Preset == c.preset {
			return c, true
		}
	}
	return crowd{}, false
}

func (l *linter) ofCrowds(look func(i int, rule Rule, at crowd)) {
	for i, rule := range l.rules {
		source, _ := l.IdentityProvider(rule.idp)
		if at, ok := crowdOf(source); ok {
			look(i, rule, at)
		}
	}
}

func (l *linter) wideSubjects() {
	l.ofCrowds(func(i int, rule Rule, at crowd) {
		if slices.ContainsFunc(rule.clauses, at.names) {
			return
		}
		path, cause := rulePath(i)+".condition", fmt.Sprintf("rule %q does not say whose it means: %s meets it", rule.name, at.anybody)
		if wide := slices.IndexFunc(rule.clauses, at.asks); wide >= 0 {
			c := rule.clauses[wide]
			path, cause = c.path(i), fmt.Sprintf("%s %s spans owners: %s may meet rule %q", c.written, c.values, at.anybody, rule.name)
		}
		l.find(path, cause, "name the owner before any *: StringEquals, or StringLike with the owner written out")
	})
}

// asks says that the clause is about whose a token is.
func (at crowd) asks(c Clause) bool { return at.owner(c) != nil }

func (at crowd) owner(c Clause) *ownerClaim {
	name := c.attribute
	if c.fact == Subject {
		name = "sub"
	}
	i := slices.IndexFunc(at.owners, func(o ownerClaim) bool { return o.name == name })
	if i < 0 || c.fact != Subject && c.fact != Attribute {
		return nil
	}
	return &at.owners[i]
}

// names says that the clause wants owners that it names, each of them whole.
func (at crowd) names(c Clause) bool {
	owner := at.owner(c)
	if owner == nil || c.operator.negated || c.absent || c.operator.kind != text && c.operator.kind != pattern {
		return false
	}
	for value := range c.values.All() {
		if c.operator.kind == pattern && !owner.whole(value) {
			return false
		}
	}
	return true
}

// whole says that nothing stands open in the pattern before the owner's name has
// ended.
func (o ownerClaim) whole(pattern string) bool {
	fixed, _, open := cutAtWildcard(pattern)
	switch {
	case !open:
		return true
	case o.mark == "":
		return false
	}
	if before, after, ok := strings.Cut(o.mark, "*"); ok { // a name between two marks
		name, found := strings.CutPrefix(fixed, before)
		return found && strings.Contains(name, after)
	}
	return strings.Contains(fixed, o.mark)
}

func cutAtWildcard(pattern string) (before, after string, found bool) {
	i := strings.IndexAny(pattern, "*?")
	if i < 0 {
		return pattern, "", false
	}
	return pattern[:i], pattern[i:], true
}

// pullRequests: GitHub says of a run for a pull request repo:OWNER/NAME:pull_request,
// whatever branch it is for.
func (l *linter) pullRequests() {
	l.ofCrowds(func(i int, rule Rule, at crowd) {
		if at.preset != "github" {
			return
		}
		for _, c := range rule.clauses {
			for value := range c.values.All() {
				if c.fact == Subject && !c.operator.negated && c.Wants(ValueOf(pullRequestOf(value))) {
					l.find(c.path(i), fmt.Sprintf("%q is met by pull requests too, of whoever may open one", value), "name the branch, tag or environment: repo:OWNER/NAME:ref:refs/heads/main")
				}
			}
		}
	})
}

func pullRequestOf(value string) string {
	_, rest, _ := strings.Cut(value, ":")
	repository, _, _ := strings.Cut(rest, ":")
	return "repo:" + strings.NewReplacer("*", "x", "?", "x").Replace(repository) + ":pull_request"
}

func (l *linter) ownersByName() {
	l.ofCrowds(func(i int, rule Rule, at crowd) {
		byNumber := func(c Clause) bool { return at.names(c) && slices.Contains(at.numbers, at.owner(c).name) }
		if named := slices.IndexFunc(rule.clauses, at.names); named >= 0 && len(at.numbers) > 0 && !slices.ContainsFunc(rule.clauses, byNumber) {
			l.find(rule.clauses[named].path(i), fmt.Sprintf("rule %q knows the owner by a name, which is free for others once its owner gives it up", rule.name),
				fmt.Sprintf("add StringEquals: {\"oidc:%s\": NUMBER}", at.numbers[0]))
		}
	})
}
