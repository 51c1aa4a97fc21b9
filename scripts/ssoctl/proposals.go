package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/federation/yamlfile"
	"github.com/fc-sso/fc-sso/shared/trust"
)

const (
	proposalsForm = "proposals, proposals show ID, proposals approve ID -f FILE, or proposals drop ID"
	approveForm   = "ID -f FILE"
)

// proposal is an identity provider that an event would like to be added.
type proposal struct {
	trust.Proposal

	id   string
	text string // as the file would have it
}

// proposals is about what events propose. Nobody is believed before somebody applies it.
func (p program) proposals(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return p.proposalsList(ctx)
	}
	switch args[0] {
	case "show":
		return p.withProposal(ctx, "proposals show", args[1:], p.proposalsShow)
	case "drop":
		return p.withProposal(ctx, "proposals drop", args[1:], p.proposalsDrop)
	case "approve":
		return p.proposalsApprove(ctx, args[1:])
	}
	return wrong("proposals: write ssoctl %s", proposalsForm)
}

func (p program) proposalsList(ctx context.Context) error {
	d, err := p.deployment()
	if err != nil {
		return err
	}
	rows, err := d.trust.Proposals(ctx)
	if err != nil {
		return fmt.Errorf("cannot read proposals: %w", err)
	}
	if len(rows) == 0 {
		p.say("nothing is proposed\n")
	}
	for _, row := range rows {
		found, err := trust.ParseProposal(row.Body)
		if err != nil {
			p.say("%s  %v\n", row.ID, err)
			continue
		}
		p.say("%s  proposed %s by %s, event %.16s\n", row.ID, minute(found.At), found.From, found.By)
	}
	return nil
}

// withProposal does something with the one of this ID.
func (p program) withProposal(ctx context.Context, command string, args []string, do func(context.Context, deployment, proposal) error) error {
	flags := newFlags(command, "ID")
	words, err := flags.parseWords(args, 1)
	if err != nil {
		return err
	}
	if len(words) == 0 {
		return wrong("%s: name a proposal; write ssoctl %s ID", command, command)
	}
	d, err := p.deployment()
	if err != nil {
		return err
	}
	found, err := d.proposal(ctx, words[0])
	if err != nil {
		return err
	}
	return do(ctx, d, found)
}

func (d deployment) proposal(ctx context.Context, id string) (proposal, error) {
	rows, err := d.trust.Proposals(ctx)
	if err != nil {
		return proposal{}, fmt.Errorf("cannot read proposals: %w", err)
	}
	for _, row := range rows {
		if row.ID != id {
			continue
		}
		found, err := trust.ParseProposal(row.Body)
		if err != nil {
			return proposal{}, fmt.Errorf("%s: %w", id, err)
		}
		text, err := yamlfile.Entry(found.Entry)
		if err != nil {
			text = "# " + err.Error() + "\n"
		}
		return proposal{found, id, text}, nil
	}
	return proposal{}, wrong("nothing is proposed as %.80q; ssoctl proposals lists what is", id)
}

// proposalsShow prints the entry, and what would be wrong with it beside what counts.
func (p program) proposalsShow(ctx context.Context, d deployment, found proposal) error {
	p.say("# %s, proposed %s by %s, event %s\n%s", found.id, minute(found.At), found.From, found.By, found.text)
	var there federation.Draft
	head, err := p.head(ctx, d, "")
	if err != nil {
		return err
	}
	if head.Revision != "" {
		revision, err := d.stored(ctx, head.Revision)
		if err != nil {
			return err
		}
		if there, err = revision.Draft(); err != nil {
			return err
		}
	}
	faults := yamlfile.Beside(found.text, there, federation.Options{AllowLoopback: d.local})
	for _, fault := range faults {
		p.say("# %s\n", fault)
	}
	if len(faults) == 0 {
		p.say("# no faults; ssoctl proposals approve %s -f FILE\n", found.id)
	}
	return nil
}

func (p program) proposalsDrop(ctx context.Context, d deployment, found proposal) error {
	if err := d.trust.DropProposal(ctx, found.id); err != nil {
		return fmt.Errorf("cannot drop it: %w", err)
	}
	p.say("%s is proposed no more\n", found.id)
	return nil
}

// proposalsApprove writes an entry into a file that has no fault with it.
func (p program) proposalsApprove(ctx context.Context, args []string) error {
	flags := newFlags("proposals approve", approveForm)
	file := flags.file()
	words, err := flags.parseWords(args, 1)
	if err != nil {
		return err
	}
	if len(words) == 0 || *file == "" {
		return wrong("proposals approve: name a proposal and a file; write ssoctl proposals approve %s", approveForm)
	}
	d, err := p.deployment()
	if err != nil {
		return err
	}
	found, err := d.proposal(ctx, words[0])
	if err != nil {
		return err
	}
	return p.insert(*file, found, federation.Options{AllowLoopback: d.local})
}

func (p program) insert(file string, found proposal, options federation.Options) error {
	text, dir, err := open(file)
	if err != nil {
		return err
	}
	with, line, err := yamlfile.Insert(text, found.text)
	if err != nil {
		return wrong("%s: %w; write the entry there yourself: ssoctl proposals show %s", file, err, found.id)
	}
	revision, faults := yamlfile.Parse(with, dir, options)
	if err := p.tell(file, faults); err != nil {
		return wrong("with the entry %w; nothing was written", err)
	}
	last := slices.IndexFunc(revision.IdentityProviders(), func(s trust.Source) bool { return s.ID == found.id })
	if last != len(revision.IdentityProviders())-1 {
		return wrong("%s: the entry would not stand at the end of identityProviders; nothing was written", file)
	}
	if err := replace(file, with); err != nil {
		return fmt.Errorf("cannot write %s: %w", file, err)
	}
	p.say("%s:%d: %s was added:\n%s", file, line, found.id, indented(found.text))
	p.say("nobody is believed yet; give its people rules, then: ssoctl plan -f %s, ssoctl apply -f %s, ssoctl proposals drop %s\n", file, file, found.id)
	return nil
}

func indented(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  ") + "\n"
}
