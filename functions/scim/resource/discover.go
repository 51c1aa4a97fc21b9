package resource

// MostListed is how many resources one answer lists.
const MostListed = 200

// ServiceConfig says what this server does (RFC 7643 section 5).
func ServiceConfig(location string) Object {
	can := func(yes bool) Object { return Object{"supported": yes} }
	return Object{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"patch":   can(true), "etag": can(true), "sort": can(false), "changePassword": can(false),
		"bulk":   Object{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
		"filter": Object{"supported": true, "maxResults": MostListed},
		"authenticationSchemes": []any{Object{
			"type": "oauthbearertoken", "name": "Bearer token", "primary": true,
			"description": "Authorization: Bearer, with the token that ssoctl scim token prints",
			"specUri":     "https://www.rfc-editor.org/info/rfc6750",
		}},
		"meta": Object{"resourceType": "ServiceProviderConfig", "location": location},
	}
}

// TypeAnswer is a kind as /ResourceTypes shows it (RFC 7643 section 6).
func (k Kind) TypeAnswer(location string) Object {
	extensions := []any{}
	for _, s := range k.Extensions {
		extensions = append(extensions, Object{"schema": s.ID, "required": false})
	}
	return Object{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"},
		"id":      k.Name, "name": k.Name, "endpoint": "/" + k.Endpoint, "description": k.About, "schema": k.Schema.ID,
		"schemaExtensions": extensions,
		"meta":             Object{"resourceType": "ResourceType", "location": location},
	}
}

// Schemas are all that there are.
func Schemas() []Schema {
	var all []Schema
	for _, k := range Kinds() {
		all = append(append(all, k.Schema), k.Extensions...)
	}
	return all
}

// Answer is a schema as /Schemas shows it (RFC 7643 section 7).
func (s Schema) Answer(location string) Object {
	return Object{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Schema"},
		"id":      s.ID, "name": s.Name, "description": s.About, "attributes": describe(s.Attributes),
		"meta": Object{"resourceType": "Schema", "location": location},
	}
}

func describe(list []Attribute) []any {
	all := make([]any, 0, len(list))
	for _, a := range list {
		o := Object{
			"name": a.Name, "type": string(a.shape), "multiValued": a.multi, "description": a.About, "required": a.required,
			"caseExact": a.exact, "mutability": "readWrite", "returned": "default", "uniqueness": "none",
		}
		if a.mutable != "" {
			o["mutability"] = a.mutable
		}
		if a.forgotten {
			o["returned"] = "never"
		}
		if a.unique {
			o["uniqueness"] = "server"
		}
		if a.shape == link {
			o["referenceTypes"] = []string{"external"}
		}
		if len(a.sub) > 0 {
			o["subAttributes"] = describe(a.sub)
		}
		all = append(all, o)
	}
	return all
}
