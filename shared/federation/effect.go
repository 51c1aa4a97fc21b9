package federation

import (
	"fmt"

	"github.com/fc-sso/fc-sso/shared/trust"
)

// NotInEffect says, a line each, what the revision declares and the functions do
// not do yet. It is declared all the same, so that a file can be whole before
// the bundle is; and said, so that nobody relies on it.
func (r Revision) NotInEffect() []string {
	var lines []string
	for _, d := range deferred() {
		if who := d.who(r); len(who) > 0 {
			lines = append(lines, fmt.Sprintf("%s (%s)", d.what, some(who)))
		}
	}
	return lines
}

// deferral is one thing that waits for the function that does it.
type deferral struct {
	what string
	who  func(Revision) []string // the identity providers or accounts that declare it
}

// deferred is the one list: who makes a function do one of these deletes its line.
func deferred() []deferral {
	return []deferral{
		{"requireOverlap: new keys are taken without approval", sources(func(s trust.Source) bool { return s.RequireOverlap })},
		{"issue: federated: credentials of these accounts are refused", accounts(func(a Account) bool { return a.issue == Federated })},
		{"userSSO: nobody becomes a RAM user", accounts(func(a Account) bool { return a.userSSO != nil })},
		{"maintenanceRole: nothing is written into RAM", accounts(func(a Account) bool { return !a.maintenance.IsZero() })},
		{"manage: nothing is written into RAM", accounts(func(a Account) bool { return a.manage != Manage{} })},
	}
}

func sources(declares func(trust.Source) bool) func(Revision) []string {
	return func(r Revision) []string {
		var ids []string
		for _, s := range r.idps {
			if declares(s) {
				ids = append(ids, s.ID)
			}
		}
		return ids
	}
}

func accounts(declares func(Account) bool) func(Revision) []string {
	return func(r Revision) []string {
		var names []string
		for _, a := range r.accounts {
			if declares(a) {
				names = append(names, a.Name())
			}
		}
		return names
	}
}
