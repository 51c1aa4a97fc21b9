// Command ssoctl is the operator's hand: it checks a federation file and applies
// it to the trust store of a deployment, by the same code that the functions
// read it with.
//
// In: a file, and the deployment from the environment (SSO_URL,
// SSO_OTS_ENDPOINT, SSO_OTS_INSTANCE and an access key). Out: what it did, a
// line each. Refused: a file with any fault, all of which are named at once.
//
// Exit status: 0 done; 1 the cloud, or somebody else at the same time, was in the
// way; 2 what was given is wrong; 3, of plan, push -n and owners release without a
// digest, there is something to do.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

const (
	statusDone    = 0
	statusFailed  = 1
	statusWrong   = 2
	statusChanges = 3
)

const commandNames = "check, plan, apply, history, rollback, trust, proposals, push, keys, owners, sessions, events, scim, schema, version, help"

const usage = `usage: ssoctl COMMAND [FLAGS]

  check -f FILE    name every fault of a federation file, and what deserves a
                   second look; needs no network. -strict fails on warnings too,
                   -o json is for machines, -role-max ROLE=DURATION tells how long
                   a role's sessions may last in RAM
  plan -f FILE     what apply would change, and what of it is dangerous (!); -o json
  apply -f FILE    check it, store it as a new revision, and fetch the identity
                   providers' keys; tables that are missing are created
                   -expect REVISION  only if that still counts (none: nothing does)
                   -m TEXT           why, for the history
  history          what was applied, when and by whose access key, the last first
                   and * before what counts; -n NUMBER (10), -o json
  rollback REVISION
                   make what counted before count again; who is suspended now stays
                   suspended, and keys are not touched; -m TEXT
  trust show [IDP ...]
                   which keys are believed: current, next, or retiring and until when
  trust refresh [IDP ...]
                   fetch the keys of all identity providers, or of these, now; what
                   cannot be had changes nothing, and is exit status 1; -forget: and
                   believe no key that these do not publish any more, such as one
                   that was stolen
  trust approve IDP DIGEST
                   take keys that were all replaced at once and that requireOverlap
                   holds, if they still are those of which refresh showed the digest
  trust resume IDP
                   believe an identity provider again that an event stopped
  proposals        identity providers that events would like to be added
  proposals show ID
                   the entry as the file would have it, and what is wrong with it
  proposals approve ID -f FILE
                   add the entry to FILE, which is checked first; nobody is believed
                   before it is applied
  proposals drop ID
                   forget it
  push [ACCOUNT ...]
                   write what is known of identity providers into the RAM of all
                   accounts with a maintenanceRole, or of these, as the timer does;
                   -n says what would be written, and what else is otherwise than it
                   should be (drift); also reads SSO_STS_ENDPOINT, SSO_IMS_ENDPOINT
                   and SSO_RAM_ENDPOINT
  keys             our own signing keys: which signs, which is next, who is known to
                   have its certificate, and what comes next
  keys init        write down which key signs: until then it is the first of the file
  keys rotate      one step towards another key, as often as there is one: announce
                   it, sign with it a day after everybody has it, forget the old one;
                   says what comes next, when, and who holds it. The next key is one
                   of -key FILE.pem, the functions' key file (SSO_SIGNING_KEY_FILE),
                   or a new version of SSO_SIGNING_KMS_KEY at SSO_KMS_ENDPOINT;
                   -n says what would be done
  keys withdraw    take back a key that is announced and does not sign yet
  owners [-idp IDP] [-o json] [ACCOUNT [USER]]
                   who owns which RAM user: whoever signed in as it first, and nobody
                   else does since; USER is the name without suffix
  owners release [-idp IDP] [-expect DIGEST] [ACCOUNT [USER]]
                   let whoever comes next own the user, or all that belong to people
                   of IDP; says who owns them and a digest of it, with which it is
                   done if that is still so
  sessions end -idp IDP PERSON
                   end all sessions of a person at the portal now, in every browser;
                   PERSON is what person of the record calls them, by default their
                   NameID or sub
  events list [-pending] [-o json]
                   dead letters: events about people and groups that provisioning gave
                   up, why, and after how many tries; -pending: those that wait
  events show [-o json] KEY
                   one of them, whole
  events retry KEY ... | -all [-code CODE]
                   try them, or all that were given up for a reason, again within a
                   minute
  events drop KEY ...
                   forget them, and take them for done if they come again
  scim token [-o json] IDP
                   a token by which an identity provider pushes people and groups to
                   {SSO_URL}/scim/v2; shown once. It may have two, so that one can take
                   the other's place
  scim list [-o json]
                   which identity providers have tokens, since when and by whom
  scim revoke IDP [DIGEST]
                   take back the token whose digest begins so, or all
  schema           print the JSON schema of a federation file, for editors
  version          the version of this program
  help             this text

All but check read SSO_URL, SSO_OTS_ENDPOINT, SSO_OTS_INSTANCE and
ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET,
ALIBABA_CLOUD_SECURITY_TOKEN (the last only with an STS token).
Revisions are kept for ever: none is ever changed or removed.

exit status: 0 done, 1 failed, 2 wrong flags, settings or file;
plan, push -n, owners release without -expect: 0 no change, 3 changes
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := program{stdout: os.Stdout, stderr: os.Stderr, lookup: os.LookupEnv, now: time.Now}
	status := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(status)
}

// program is what a run needs of the world.
type program struct {
	stdout, stderr io.Writer
	lookup         func(string) (string, bool)
	now            func() time.Time
}

// wrongError is a mistake in what was given, not in doing it.
type wrongError struct{ err error }

func (w wrongError) Error() string { return w.err.Error() }
func (w wrongError) Unwrap() error { return w.err }

func wrong(format string, args ...any) error { return wrongError{fmt.Errorf(format, args...)} }

func (p program) run(ctx context.Context, args []string) int {
	err := p.command(ctx, args)
	if err == nil {
		return statusDone
	}
	if _, ok := errors.AsType[changesError](err); ok {
		return statusChanges
	}
	if text := err.Error(); text != "" {
		p.complain("ssoctl: %s\n", text)
	}
	if _, ok := errors.AsType[wrongError](err); ok {
		return statusWrong
	}
	return statusFailed
}

func (p program) command(ctx context.Context, args []string) error {
	if len(args) == 0 {
		p.complain("%s", usage)
		return wrong("no command; name one of %s", commandNames)
	}
	switch args[0] {
	case "check":
		return p.check(args[1:])
	case "plan":
		return p.plan(ctx, args[1:])
	case "apply":
		return p.apply(ctx, args[1:])
	case "history":
		return p.history(ctx, args[1:])
	case "rollback":
		return p.rollback(ctx, args[1:])
	case "trust":
		return p.trust(ctx, args[1:])
	case "proposals":
		return p.proposals(ctx, args[1:])
	case "push":
		return p.push(ctx, args[1:])
	case "keys":
		return p.keys(ctx, args[1:])
	case "owners":
		return p.owners(ctx, args[1:])
	case "sessions":
		return p.sessions(ctx, args[1:])
	case "events":
		return p.events(ctx, args[1:])
	case "scim":
		return p.scim(ctx, args[1:])
	case "schema":
		return p.schema(args[1:])
	case "version", "-version", "--version":
		p.say("ssoctl %s\n", version())
		return nil
	case "help", "-h", "-help", "--help":
		p.say("%s", usage)
		return nil
	}
	return wrong("there is no command %q; name one of %s", args[0], commandNames)
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "of an unknown build"
	}
	return info.Main.Version + " " + info.GoVersion
}

// say and complain ignore that a terminal is gone: there is nobody left to tell.
func (p program) say(format string, args ...any) {
	_, _ = fmt.Fprintf(p.stdout, format, args...)
}

func (p program) complain(format string, args ...any) {
	_, _ = fmt.Fprintf(p.stderr, format, args...)
}
