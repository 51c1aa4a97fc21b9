package cloud

import (
	"crypto/md5" //nolint:gosec // MessageBodyMD5
	"encoding/xml"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
)

const (
	mnsVersion   = "2015-06-06"
	mnsNamespace = "http://mns.aliyuncs.com/doc/v1/"
	maxMessage   = 64 << 10
)

// MNS answers as a region's endpoint of MNS, of which it knows PublishMessage on two
// topics.
func (c *Cloud) MNS(region string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /topics/{name}/messages", func(w http.ResponseWriter, r *http.Request) {
		id := newRequestID()
		who, text, f := c.publish(w, r, region)
		c.log.InfoContext(r.Context(), "mns", "request_id", id, "topic", r.PathValue("name"), "caller", who.arn, "refusal", codeOf(f))
		if f != nil {
			writeMNS(w, id, f.status, mnsError{Code: f.code, Message: f.message, RequestID: id, HostID: "http://" + r.Host})
			return
		}
		c.delivered.add(Delivery{"mns", r.PathValue("name"), text, who.arn})
		writeMNS(w, id, http.StatusCreated, mnsPublished{
			ID: strings.ReplaceAll(newRequestID(), "-", ""), MD5: fmt.Sprintf("%X", md5.Sum([]byte(text))), //nolint:gosec // see above
		})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		id := newRequestID()
		writeMNS(w, id, http.StatusBadRequest, mnsError{Code: "InvalidRequestURL", Message: "Http request URL format invalid.", RequestID: id, HostID: "http://" + r.Host})
	})
	return c.troubles.at("mns", mux)
}

type mnsError struct {
	XMLName   xml.Name `xml:"http://mns.aliyuncs.com/doc/v1/ Error"`
	Code      string   `xml:"Code"`
	Message   string   `xml:"Message"`
	RequestID string   `xml:"RequestId"`
	HostID    string   `xml:"HostId"`
}

type mnsPublished struct {
	XMLName xml.Name `xml:"http://mns.aliyuncs.com/doc/v1/ Message"`
	ID      string   `xml:"MessageId"`
	MD5     string   `xml:"MessageBodyMD5"`
}

func writeMNS(w http.ResponseWriter, id string, status int, body any) {
	w.Header().Set("Content-Type", "text/xml;charset=utf-8")
	w.Header().Set("X-Mns-Request-Id", id)
	w.Header().Set("X-Mns-Version", mnsVersion)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xml.Header)
	_ = xml.NewEncoder(w).Encode(body)
}

func (c *Cloud) publish(w http.ResponseWriter, r *http.Request, region string) (caller, string, *fault) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 2*maxMessage))
	if err != nil {
		return caller{}, "", refuse(http.StatusBadRequest, "InvalidArgument", "The value of MessageBody should between 1 and %d bytes.", maxMessage)
	}
	if f := checkMNSHeaders(r); f != nil {
		return caller{}, "", f
	}
	who, f := c.authenticateDated(r, body, mnsSignature())
	if f != nil {
		return caller{}, "", f
	}
	resource := "acs:mns:" + region + ":" + c.bundle + ":/topics/" + r.PathValue("name") + "/messages"
	if who.account != c.bundle || !c.may(who, "mns:PublishMessage", resource) {
		return who, "", refuse(http.StatusForbidden, "AccessDenied", "The OwnerId that your Access Key Id associated to is forbidden for this operation.")
	}
	if !slices.Contains(carriers(), r.PathValue("name")) {
		return who, "", refuse(http.StatusNotFound, "TopicNotExist", "The topic you provided is not exist.")
	}
	text, f := readMessage(body)
	return who, text, f
}

func checkMNSHeaders(r *http.Request) *fault {
	switch version := r.Header.Get("X-Mns-Version"); version {
	case mnsVersion:
	case "":
		return refuse(http.StatusBadRequest, "MissingVersionHeader", "x-mns-version header is required.")
	default:
		return refuse(http.StatusBadRequest, "InvalidVersionHeader", "The x-mns-version header %s is invalid.", version)
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if !slices.Contains([]string{"text/xml", "application/xml"}, kind) {
		return refuse(http.StatusBadRequest, "InvalidContentType", "The Content-Type you specified is invalid.")
	}
	return nil
}

// readMessage takes a message with the namespace of the pages, or without any, as the
// Go SDK writes it.
func readMessage(body []byte) (string, *fault) {
	var message struct {
		XMLName xml.Name
		Body    string `xml:"MessageBody"`
	}
	if err := xml.Unmarshal(body, &message); err != nil {
		return "", refuse(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed.")
	}
	if message.XMLName.Local != "Message" || !slices.Contains([]string{"", strings.TrimSuffix(mnsNamespace, "/"), mnsNamespace}, message.XMLName.Space) {
		return "", refuse(http.StatusBadRequest, "InvalidArgument", "The XML you provided did not validate against our published schema, cause by Message.")
	}
	if message.Body == "" || len(message.Body) > maxMessage {
		return "", refuse(http.StatusBadRequest, "InvalidArgument", "The value of MessageBody should between 1 and %d bytes.", maxMessage)
	}
	return message.Body, nil
}
