package main

import (
	"context"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/federation/difference"
)

// changesError is no mistake: plan found changes.
type changesError struct{}

func (changesError) Error() string { return "" }

// planned is a plan for programs.
type planned struct {
	Head     string `json:"head,omitempty"` // absent: nothing was applied yet
	Revision string `json:"revision"`
	Summary  string `json:"summary"`
	difference.Difference
}

// plan says what apply would change, and changes nothing.
func (p program) plan(ctx context.Context, args []string) error {
	flags := newFlags("plan", "-f FILE [-o json]")
	file, output := flags.file(), flags.output()
	if err := flags.parse(args); err != nil {
		return err
	}
	if err := flags.needFile(*file); err != nil {
		return err
	}
	if err := flags.needOutput(*output); err != nil {
		return err
	}
	d, err := p.deployment()
	if err != nil {
		return err
	}
	revision, err := p.read(*file, federation.Options{AllowLoopback: d.local})
	if err != nil {
		return err
	}
	head, err := p.head(ctx, d, "")
	if err != nil {
		return err
	}
	changed, err := p.difference(ctx, d, head, revision)
	if err != nil {
		return err
	}
	plan := planned{head.Revision, revision.ID(), changed.Summary(), changed}
	if head.Revision != revision.ID() && changed.IsZero() {
		plan.Summary = "no change but the order of entries, which decides nothing"
	}
	if err := p.sayPlan(plan, *output); err != nil {
		return err
	}
	if head.Revision != revision.ID() {
		return changesError{}
	}
	return nil
}

func (p program) sayPlan(plan planned, output string) error {
	switch {
	case output == "json":
		return p.sayJSON(plan)
	case plan.Head == plan.Revision:
		p.say("revision %s counts: %s\n", plan.Head, plan.Summary)
		return nil
	case plan.IsZero():
		p.say("%s\n", plan.Summary)
	default:
		p.say("%s", plan.Text())
	}
	expect := plan.Head
	if expect == "" {
		expect = nothingApplied
	}
	p.say("revision %s instead of %s; to apply exactly this: ssoctl apply -expect %s -f FILE\n", plan.Revision, expect, expect)
	return nil
}
