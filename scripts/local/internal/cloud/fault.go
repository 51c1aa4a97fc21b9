package cloud

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
)

// fault is a refusal as Alibaba Cloud's gateway and STS write it.
type fault struct {
	status        int
	code, message string
	cause         string // for the log and for pages; the real one keeps it to itself
}

func (f *fault) Error() string { return f.code + ": " + f.message }

func refuse(status int, code, format string, args ...any) *fault {
	return &fault{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

// because is the refusal with its cause.
func (f *fault) because(format string, args ...any) *fault {
	with := *f
	with.cause = fmt.Sprintf(format, args...)
	return &with
}

// missing is how the gateway asks for one of its own parameters.
func missing(name string) *fault {
	return refuse(http.StatusBadRequest, "Missing"+name, "%s is mandatory for this action.", name)
}

// required is how STS asks for one of its own.
func required(name string) *fault {
	return refuse(http.StatusBadRequest, "MissingParameter."+name, "Parameter %s is required.", name)
}

// malformed is STS's answer to a parameter that it cannot use.
func malformed(name string) *fault {
	return refuse(http.StatusBadRequest, "InvalidParameter."+name, "The parameter %s is wrongly formed.", name)
}

// notAllowed is the one answer of STS to a caller without permission and to a
// role that does not trust it: it does not say which.
func notAllowed() *fault {
	return refuse(http.StatusForbidden, "NoPermission", "You are not authorized to do this action. You should be authorized by RAM.")
}

// newRequestID makes the upper-case UUID that every answer carries.
func newRequestID() string {
	b := random(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return strings.ToUpper(fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:]))
}

// product is what the help pages call a host's API.
func product(host string) string {
	name, _, _ := strings.Cut(host, ".")
	return strings.ToUpper(name[:1]) + name[1:]
}

type faultBody struct {
	XMLName   xml.Name `json:"-" xml:"Error"`
	RequestID string   `json:"RequestId" xml:"RequestId"`
	HostID    string   `json:"HostId" xml:"HostId"`
	Code      string   `json:"Code" xml:"Code"`
	Message   string   `json:"Message" xml:"Message"`
	Recommend string   `json:"Recommend" xml:"Recommend"`
}

func writeFault(w http.ResponseWriter, host, requestID string, asXML bool, f *fault) {
	write(w, f.status, asXML, "Error", faultBody{
		RequestID: requestID,
		HostID:    host,
		Code:      f.code,
		Message:   f.message,
		Recommend: "https://api.aliyun.com/troubleshoot?q=" + f.code + "&product=" + product(host) + "&requestId=" + requestID,
	})
}

// write answers in JSON or XML; the XML root is named, the elements are the same.
func write(w http.ResponseWriter, status int, asXML bool, root string, body any) {
	w.Header().Set("Cache-Control", "no-store")
	if !asXML {
		w.Header().Set("Content-Type", "application/json;charset=utf-8")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body) // the client went away: nobody to tell
		return
	}
	w.Header().Set("Content-Type", "text/xml;charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(xml.Header))
	_ = xml.NewEncoder(w).EncodeElement(body, xml.StartElement{Name: xml.Name{Local: root}})
}
