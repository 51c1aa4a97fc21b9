package cloud

import (
	"encoding/base64"
	"strings"
	"time"
)

// samlBody is a provider as IMS shows it; a list of them is without metadata.
type samlBody struct {
	Arn                         string
	SAMLProviderName            string
	Description                 string
	EncodedSAMLMetadataDocument string `json:",omitempty" xml:",omitempty"`
	AuthnSignAlgo               string `json:",omitempty" xml:",omitempty"`
	CreateDate                  string
	UpdateDate                  string
}

type samlList struct{ SAMLProvider []samlBody }

func (p samlProvider) body(arn string) samlBody {
	return samlBody{
		Arn: arn, SAMLProviderName: arn[strings.LastIndex(arn, "/")+1:], Description: p.description, AuthnSignAlgo: p.signs,
		CreateDate: stsTime(p.created), UpdateDate: stsTime(p.updated),
	}
}

func (c *Cloud) createSAMLProvider(account string, q rpcRequest) (ramAnswer, *fault) {
	name, f := requireName(q, "SAMLProviderName")
	if f != nil {
		return ramAnswer{}, f
	}
	now := c.now()
	made, f := samlProvider{signs: signsSHA1, created: now}.changed(q, "", now)
	if f != nil {
		return ramAnswer{}, f
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	arn := arnOf(account, onSAML, name)
	if _, known := c.providers[arn]; known {
		return ramAnswer{}, knownEntity("SAMLProvider")
	}
	if len(namesOf(c.providers, account, onSAML)) >= maxProviders {
		return ramAnswer{}, tooMany("SAMLProvider", maxProviders)
	}
	c.providers[arn] = made
	return made.answer(arn), nil
}

// changed is a provider with what a request says of it; prefix is that of the
// parameters.
func (p samlProvider) changed(q rpcRequest, prefix string, now time.Time) (samlProvider, *fault) {
	if f := requireDescription(q, prefix+"Description"); f != nil {
		return p, f
	}
	if text := q.params.Get(prefix + "Description"); text != "" {
		p.description = text
	}
	param := prefix + "EncodedSAMLMetadataDocument"
	if document := q.params.Get(param); document != "" {
		read, f := readMetadata(document, param)
		if f != nil {
			return p, f
		}
		p.entityID, p.certs, p.document = read.entityID, read.certs, document
	}
	p.updated = now
	return p, readAlgorithm(q, &p.signs)
}

// readMetadata is what RAM reads from a document. The real code for one that it
// cannot read is not known.
func readMetadata(encoded, param string) (samlProvider, *fault) {
	text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(encoded), ""))
	if err != nil {
		return samlProvider{}, malformed(param)
	}
	read, err := parseMetadata(text)
	if err != nil {
		f := malformed(param)
		f.message += " " + err.Error()
		return samlProvider{}, f
	}
	return read, nil
}

// signsSHA1 is how Alibaba Cloud signs its own requests unless told otherwise.
const signsSHA1 = "rsa-sha1"

func readAlgorithm(q rpcRequest, into *string) *fault {
	switch text := q.params.Get("AuthnSignAlgo"); text {
	case "":
	case signsSHA1, "rsa-sha256":
		*into = text
	default:
		return malformed("AuthnSignAlgo")
	}
	return nil
}

func (p samlProvider) answer(arn string) ramAnswer {
	body := p.body(arn)
	return ramAnswer{SAMLProvider: &body}
}

func (c *Cloud) updateSAMLProvider(account string, q rpcRequest) (ramAnswer, *fault) {
	name, f := requireName(q, "SAMLProviderName")
	if f != nil {
		return ramAnswer{}, f
	}
	if q.params.Get("NewDescription") == "" && q.params.Get("NewEncodedSAMLMetadataDocument") == "" {
		return ramAnswer{}, missing("NewEncodedSAMLMetadataDocument")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	arn := arnOf(account, onSAML, name)
	p, ok := c.providers[arn]
	if !ok {
		return ramAnswer{}, unknownEntity("SAMLProvider")
	}
	if p, f = p.changed(q, "New", c.now()); f != nil {
		return ramAnswer{}, f
	}
	c.providers[arn] = p
	return p.answer(arn), nil
}

// getSAMLProvider gives the document back as it was uploaded, to the letter.
func (c *Cloud) getSAMLProvider(account string, q rpcRequest) (ramAnswer, *fault) {
	name, f := requireName(q, "SAMLProviderName")
	if f != nil {
		return ramAnswer{}, f
	}
	arn := arnOf(account, onSAML, name)
	p, ok := c.samlProvider(arn)
	if !ok {
		return ramAnswer{}, unknownEntity("SAMLProvider")
	}
	answer := p.answer(arn)
	answer.SAMLProvider.EncodedSAMLMetadataDocument = p.document
	return answer, nil
}

func (c *Cloud) listSAMLProviders(account string, q rpcRequest) (ramAnswer, *fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	names, marker, f := page(q, namesOf(c.providers, account, onSAML), maxProviders)
	list := samlList{SAMLProvider: []samlBody{}}
	for _, name := range names {
		arn := arnOf(account, onSAML, name)
		body := c.providers[arn].body(arn)
		body.AuthnSignAlgo = ""
		list.SAMLProvider = append(list.SAMLProvider, body)
	}
	more := marker != ""
	return ramAnswer{SAMLProviders: &list, IsTruncated: &more, Marker: marker}, f
}

func (c *Cloud) deleteSAMLProvider(account string, q rpcRequest) (ramAnswer, *fault) {
	name, f := requireName(q, "SAMLProviderName")
	if f != nil {
		return ramAnswer{}, f
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	arn := arnOf(account, onSAML, name)
	if _, ok := c.providers[arn]; !ok {
		return ramAnswer{}, unknownEntity("SAMLProvider")
	}
	delete(c.providers, arn)
	return ramAnswer{}, nil
}
