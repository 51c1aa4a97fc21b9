package scim

import (
	"strings"

	"github.com/fc-sso/fc-sso/functions/scim/resource"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
)

func serviceConfig(c call) (respond.Outcome, error) {
	return answer(resource.ServiceConfig(c.URL + "/scim/v2/ServiceProviderConfig"))
}

func types(c call) (respond.Outcome, error) {
	var all []any
	for _, kind := range resource.Kinds() {
		all = append(all, kind.TypeAnswer(c.typeLocation(kind)))
	}
	return answer(listAnswer(all, len(all), 1))
}

func (c call) typeLocation(kind resource.Kind) string {
	return c.URL + "/scim/v2/ResourceTypes/" + kind.Name
}

func oneType(c call) (respond.Outcome, error) {
	for _, kind := range resource.Kinds() {
		if kind.Name == c.r.PathValue("id") {
			return answer(kind.TypeAnswer(c.typeLocation(kind)))
		}
	}
	return respond.Outcome{}, resource.Refuse(reason.NotFound, "", "there is no resource type %.80q", c.r.PathValue("id"))
}

func schemas(c call) (respond.Outcome, error) {
	var all []any
	for _, schema := range resource.Schemas() {
		all = append(all, schema.Answer(c.schemaLocation(schema)))
	}
	return answer(listAnswer(all, len(all), 1))
}

func (c call) schemaLocation(schema resource.Schema) string {
	return c.URL + "/scim/v2/Schemas/" + schema.ID
}

func oneSchema(c call) (respond.Outcome, error) {
	for _, schema := range resource.Schemas() {
		if strings.EqualFold(schema.ID, c.r.PathValue("id")) {
			return answer(schema.Answer(c.schemaLocation(schema)))
		}
	}
	return respond.Outcome{}, resource.Refuse(reason.NotFound, "", "there is no schema %.200q", c.r.PathValue("id"))
}
