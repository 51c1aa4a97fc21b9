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
	preset  string       // names it where the issuer is one's own
	owners  []ownerClaim // the subject first
	numbers []string     // claims that name the owner for good
	anybody string       // who meets a rule that does not say whose it means
}

// ownerClaim is a claim that says whose a token is, in one of these forms: * stands
// for the owner's name, which ends with what follows it; without forms the whole
// claim is a name. Of a claim that is free whoever asks for a token chooses the
// form, so that one which names no owner is anybody's.
type ownerClaim struct {
	name  string
	forms []string
	free  bool
}

// crowds are those that are known, by what their tokens say.
func crowds() []crowd {
	path := []string{"*/"}
	return []crowd{
		{
			issuers: []string{"https://token.actions.githubusercontent.com"}, preset: "github",
			owners: []ownerClaim{
				// A repository may make its subjects of other claims than its own name:
				// https://docs.github.com/en/actions/reference/security/oidc
				{"sub", []string{
					"repo:*/", "repository:*/", "job_workflow_ref:*/", "repository_owner:*:", "repository_owner_id:*:", "repository_id:*:", "enterprise:*:", "enterprise_id:*:",
				}, true},
				{name: "repository", forms: path},
				{name: "job_workflow_ref", forms: path},
				{name: "repository_owner"},
				{name: "repository_owner_id"},
				{name: "repository_id"},
				{name: "enterprise"},
				{name: "enterprise_id"},
			},
			numbers: []string{"repository_owner_id", "repository_id", "enterprise_id"},
			anybody: "any workflow of any repository at GitHub",
		},
		{
			issuers: []string{"https://gitlab.com"}, preset: "gitlab",
			owners: []ownerClaim{
				{name: "sub", forms: []string{"project_path:*/"}},
				{name: "project_path", forms: path},
				{name: "namespace_path", forms: path},
				{name: "project_id"},
				{name: "namespace_id"},
			},
			numbers: []string{"project_id", "namespace_id"},
			anybody: "any job of any project at GitLab",
		},
		{
			preset: "kubernetes", owners: []ownerClaim{{name: "sub", forms: []string{"system:serviceaccount:*:"}}},
			anybody: "any service account of the cluster",
		},
	}
}

// crowdOf is the crowd at a source, if there is one: by its issuer, by what the
// file calls it, or where it says neither, by how the subjects of a rule begin.
func crowdOf(s trust.Source, rule Rule) (crowd, bool) {
	if s.OIDC == nil {
		return crowd{}, false
	}
	all := crowds()
	i := slices.IndexFunc(all, func(at crowd) bool {
		return slices.Contains(at.issuers, s.OIDC.Issuer) || s.Preset != "" && s.Preset == at.preset
	})
	if i < 0 {
		i = slices.IndexFunc(all, func(at crowd) bool { return slices.ContainsFunc(rule.clauses, at.sounds) })
	}
	if i < 0 {
		return crowd{}, false
	}
	return all[i], true
}

// sounds says that the clause is about subjects such as the crowd has.
func (at crowd) sounds(c Clause) bool {
	begins, _, _ := strings.Cut(at.owners[0].forms[0], "*")
	return c.fact == Subject && slices.ContainsFunc(c.values.list, func(v string) bool { return strings.HasPrefix(v, begins) })
}

func (l *linter) ofCrowds(look func(i int, rule Rule, at crowd)) {
	for i, rule := range l.rules {
		source := l.sourceOf(rule)
		if at, ok := crowdOf(source, rule); ok {
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
			path, cause = c.path(i), fmt.Sprintf("%s %s leaves the owner open: %s may meet rule %q", c.written, c.values, at.anybody, rule.name)
		}
		l.find(path, cause, "name the owner whole, before any *: oidc:sub begins "+strings.Replace(at.owners[0].forms[0], "*", "OWNER", 1))
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
	if owner == nil || !c.wantsTexts() {
		return false
	}
	for value := range c.values.All() {
		if !owner.named(c, value) {
			return false
		}
	}
	return true
}

// wantsTexts says that the clause holds of nothing but texts that it has, or that
// are like them.
func (c Clause) wantsTexts() bool {
	return !c.operator.negated && !c.absent && (c.operator.kind == text || c.operator.kind == pattern)
}

// named says that nothing stands open in the value before the owner's name has
// ended.
func (o ownerClaim) named(c Clause, value string) bool {
	fixed, open := value, false
	if c.operator.kind == pattern {
		fixed, open = untilWildcard(value)
	}
	if !open && !o.free {
		return true
	}
	return slices.ContainsFunc(o.forms, func(form string) bool {
		before, after, _ := strings.Cut(form, "*")
		rest, found := strings.CutPrefix(fixed, before)
		name, _, ended := strings.Cut(rest, after)
		return found && name != "" && (ended || !open)
	})
}

func untilWildcard(pattern string) (fixed string, open bool) {
	if i := strings.IndexAny(pattern, "*?"); i >= 0 {
		return pattern[:i], true
	}
	return pattern, false
}

// pullRequests: GitHub says of a run for a pull request repo:OWNER/NAME:pull_request,
// whatever branch it is for.
func (l *linter) pullRequests() {
	l.ofCrowds(func(i int, rule Rule, at crowd) {
		if at.preset != "github" {
			return
		}
		for _, c := range rule.clauses {
			if c.fact != Subject || !c.wantsTexts() {
				continue
			}
			for value := range c.values.All() {
				if c.Wants(ValueOf(pullRequestOf(value))) && !rule.refusesPullRequest(pullRequestOf(value)) {
					l.find(c.path(i), fmt.Sprintf("%q is met by pull requests too, of whoever may open one", value), "name the branch, tag or environment: repo:OWNER/NAME:ref:refs/heads/main")
				}
			}
		}
	})
}

// refusesPullRequest says that another clause turns away what this subject would
// pass: by the subject itself, or by what GitHub says of the run's ref and event.
func (r Rule) refusesPullRequest(subject string) bool {
	said := map[string]string{"ref": "refs/pull/1/merge", "event_name": "pull_request", "ref_type": "branch"}
	return slices.ContainsFunc(r.clauses, func(c Clause) bool {
		value, ok := said[c.attribute]
		if c.fact == Subject {
			value, ok = subject, true
		}
		return ok && (c.fact == Subject || c.fact == Attribute) && !c.Wants(ValueOf(value))
	})
}

func pullRequestOf(value string) string {
	_, rest, _ := strings.Cut(value, ":")
	repository, _, _ := strings.Cut(rest, ":")
	return "repo:" + strings.NewReplacer("*", "x", "?", "x").Replace(repository) + ":pull_request"
}

func (l *linter) ownersByName() {
	l.ofCrowds(func(i int, rule Rule, at crowd) {
		if named := slices.IndexFunc(rule.clauses, at.names); named >= 0 && len(at.numbers) > 0 && !slices.ContainsFunc(rule.clauses, at.numbered) {
			l.find(rule.clauses[named].path(i), fmt.Sprintf("rule %q knows the owner by a name, which is free for others once its owner gives it up", rule.name),
				fmt.Sprintf("add StringEquals: {\"oidc:%s\": NUMBER}", at.numbers[0]))
		}
	})
}

// numbered says that the clause knows owners by numbers, in a claim of that name or
// in a subject that begins with it.
func (at crowd) numbered(c Clause) bool {
	if !at.names(c) {
		return false
	}
	if c.fact != Subject {
		return slices.Contains(at.numbers, c.attribute)
	}
	for value := range c.values.All() {
		claim, _, _ := strings.Cut(value, ":")
		if !slices.Contains(at.numbers, claim) {
			return false
		}
	}
	return true
}
