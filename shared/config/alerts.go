package config

import (
	"regexp"
	"strings"
)

// Alerts says who carries alerts on; the zero value: nobody, they are in the log.
type Alerts struct {
	Service  string // EventBridge or MNS
	Name     string // of the bus or topic
	Endpoint string
}

// The services that carry alerts on.
const (
	EventBridge = "eventbridge"
	MNS         = "mns"
)

// carrierName is what a bus and a topic may be called.
func carrierName() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		EventBridge: regexp.MustCompile(`^[A-Za-z0-9][-_A-Za-z0-9]{0,126}$`),
		MNS:         regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9]{0,254}$`),
	}
}

func (l *loader) alerts() Alerts {
	value, endpoint := l.text(alertsTo), l.address(alertsEndpoint)
	if value == "" {
		return Alerts{}
	}
	service, name, _ := strings.Cut(value, ":")
	pattern, known := carrierName()[service]
	if !known || !pattern.MatchString(name) {
		l.fault(alertsTo, "%q is neither eventbridge:BUS nor mns:TOPIC", value)
		return Alerts{}
	}
	if endpoint == "" {
		endpoint = l.own(alertsEndpoint, "https://{account}."+service+".{region}.aliyuncs.com")
	}
	return Alerts{Service: service, Name: name, Endpoint: endpoint}
}
