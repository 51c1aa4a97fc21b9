package config

import (
	"regexp"
	"strings"

	"github.com/fc-sso/fc-sso/shared/ram"
)

// Events says whose events provisioning takes; the zero value: nobody's.
type Events struct {
	Account string   // that of the bus and of the topics; "" where nobody is named
	Sources []string // by EventBridge
	Topics  []string // by MNS
}

// eventSource is what EventBridge lets a source be called, as far as a list with commas
// holds it.
var eventSource = regexp.MustCompile(`^[!-+\--~]{1,128}$`)

func (l *loader) events() Events {
	var e Events
	for word := range strings.SplitSeq(l.text(eventsFrom), ",") {
		word = strings.TrimSpace(word)
		service, name, _ := strings.Cut(word, ":")
		switch {
		case word == "": // s.yaml sets an optional one so
		case service == EventBridge && eventSource.MatchString(name):
			e.Sources = append(e.Sources, name)
		case service == MNS && carrierName()[MNS].MatchString(name):
			e.Topics = append(e.Topics, name)
		default:
			l.fault(eventsFrom, "%q is neither eventbridge:SOURCE nor mns:TOPIC", word)
		}
	}
	e.Account = l.eventsAccount(len(e.Sources)+len(e.Topics) > 0)
	return e
}

// eventsAccount is looked at where nobody is named too: what is wrong in it would else
// come to light when somebody is.
func (l *loader) eventsAccount(needed bool) string {
	value := l.text(eventsAccount)
	if value == "" && needed {
		value, _ = l.lookup("FC_ACCOUNT_ID")
		if value == "" {
			l.fault(eventsAccount, "is needed and not set, and the platform names no account")
		}
	}
	if value == "" {
		return ""
	}
	if _, err := ram.ParseAccountID(value); err != nil {
		l.fault(eventsAccount, "%w", err)
	}
	return value
}
