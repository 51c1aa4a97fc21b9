package inbox_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/functions/provisioning/inbox"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// spoilt replaces a part of a sample that must be there.
func spoilt(t *testing.T, name, old, fresh string) []byte {
	t.Helper()
	text := sample(t, name)
	changed := bytes.Replace(text, []byte(old), []byte(fresh), 1)
	if bytes.Equal(changed, text) && old != fresh {
		t.Fatalf("%q is not in %s", old, name)
	}
	return changed
}

func TestBadEventsAreRefusedByName(t *testing.T) {
	const ada, topic = "eventbridge-person-changed", "mns-person-left"
	for name, c := range map[string]struct {
		sample, old, fresh string
		code               reason.Code
		says               string
	}{
		"another source":      {ada, "acme.hr", "acme.hr.evil", reason.EventRefused, `"acme.hr.evil"`},
		"another account":     {ada, `"aliyunaccountid": "1234567890123456"`, `"aliyunaccountid": "6543210987654321"`, reason.EventRefused, "SSO_EVENTS_ACCOUNT"},
		"no account":          {ada, `"aliyunaccountid": "1234567890123456",`, ``, reason.EventRefused, "SSO_EVENTS_ACCOUNT"},
		"another topic":       {topic, `"TopicName": "hr"`, `"TopicName": "fc-sso"`, reason.EventRefused, `"fc-sso"`},
		"another owner":       {topic, `"TopicOwner": "1234567890123456"`, `"TopicOwner": "6543210987654321"`, reason.EventRefused, "account"},
		"no owner":            {topic, `"TopicOwner": "1234567890123456",`, ``, reason.EventRefused, "account"},
		"another message":     {topic, "okta", "akto", reason.EventMalformed, "MessageMD5"},
		"no digest":           {topic, "MessageMD5", "MessageMD4", reason.EventMalformed, "MessageMD5"},
		"an unknown type":     {ada, "fcsso.person.changed", "fcsso.person.promoted", reason.EventUnknown, "fcsso.person.left"},
		"no type":             {ada, `"type"`, `"Type"`, reason.EventUnknown, "are known"},
		"a name in capitals":  {ada, `"source"`, `"Source"`, reason.EventMalformed, "source"},
		"version 0.3":         {ada, `"specversion": "1.0"`, `"specversion": "0.3"`, reason.EventMalformed, "CloudEvents 1.0"},
		"version as number":   {ada, `"specversion": "1.0"`, `"specversion": 1.0`, reason.EventMalformed, "CloudEvents 1.0"},
		"no id":               {ada, `"hr-0001"`, `""`, reason.EventMalformed, "id is"},
		"an id with a null":   {ada, `"hr-0001"`, `"hr\u0000"`, reason.EventMalformed, "id is"},
		"a long id":           {ada, `hr-0001`, strings.Repeat("x", 513), reason.EventMalformed, "id is"},
		"a name twice":        {ada, `"source"`, `"id": "x", "source"`, reason.EventMalformed, `"id" stands twice`},
		"a field twice":       {ada, `"version": 7`, `"version": 7, "version": 8`, reason.EventMalformed, `"version" stands twice`},
		"an unknown field":    {ada, `"displayName"`, `"title"`, reason.EventMalformed, `"title"`},
		"another kind's":      {"eventbridge-member-added", `"group"`, `"name"`, reason.EventMalformed, `"name"`},
		"a field in capitals": {ada, `"displayName"`, `"DisplayName"`, reason.EventMalformed, `"DisplayName"`},
		"no idp":              {ada, `"idp": "okta",`, ``, reason.EventMalformed, "idp"},
		"an idp of no file":   {ada, `"idp": "okta"`, `"idp": "@owner/1"`, reason.EventMalformed, "data.idp"},
		"a null version":      {ada, `"version": 7`, `"version": null`, reason.EventMalformed, "data.version"},
		"no person":           {ada, `"id": "10042",`, ``, reason.EventMalformed, "id"},
		"a number for a name": {ada, `"ada@acme.com"`, `7`, reason.EventMalformed, "data.person is a number"},
		"half a version":      {ada, `"version": 7`, `"version": 7.5`, reason.EventMalformed, "data.version"},
		"a version as text":   {ada, `"version": 7`, `"version": "7"`, reason.EventMalformed, "data.version"},
		"an old version":      {ada, `"version": 7`, `"version": -7`, reason.EventMalformed, "order"},
		"an endless version":  {ada, `"version": 7`, `"version": 9223372036854775808`, reason.EventMalformed, "data.version"},
		"nested attributes":   {ada, `4711`, `{"a":1}`, reason.EventMalformed, `"costCenter"`},
		"mixed attributes":    {ada, `4711`, `["a",1]`, reason.EventMalformed, `"costCenter"`},
		"no attribute":        {ada, `4711`, `null`, reason.EventMalformed, `"costCenter"`},
		"a list of them":      {ada, `"attributes": {`, `"attributes": ["a"], "x": {`, reason.EventMalformed, `"x"`},
		"data as text":        {"eventbridge-idp-refresh", "{\n    \"idp\": \"okta\"\n  }", `"e30="`, reason.EventMalformed, "data is missing"},
		"a proposal as text":  {"eventbridge-idp-propose", `"identityProvider": {`, `"identityProvider": "x", "why": {`, reason.EventMalformed, `"why"`},
		"no time":             {ada, `"time"`, `"moment"`, reason.EventTime, "time is"},
		"a time of nowhere":   {ada, `20:00:00+08:00`, `20:00:00`, reason.EventTime, "time is"},
		"another zone's name": {ada, `20:00:00+08:00`, `20:00:00CET`, reason.EventTime, "time is"},
		"before there was":    {ada, `2026-11-26T20`, `1969-11-26T20`, reason.EventTime, "time is"},
		"16 minutes ahead":    {ada, `20:00:00`, `20:21:00`, reason.EventTime, "16m0s ahead"},
		"cut":                 {ada, "}\n}", "}\n", reason.EventMalformed, "JSON"},
		"something behind":    {ada, "}\n}", "}\n}{}", reason.EventMalformed, "JSON"},
		"no UTF-8":            {ada, "Ada", "\xff", reason.EventMalformed, "UTF-8"},
		"too deep":            {ada, "4711", strings.Repeat("[", 40) + strings.Repeat("]", 40), reason.EventMalformed, "inside each other"},
		"too large":           {ada, "Ada", strings.Repeat("A", 128<<10), reason.EventMalformed, "131072"},
		"too long a name":     {ada, "Ada", strings.Repeat("A", 2000), reason.EventMalformed, "name"},
		"a list that is cut":  {"eventbridge-stream-objects", "}\n]", "}\n", reason.EventMalformed, "list"},
	} {
		events, bad := inbox.Read(spoilt(t, c.sample, c.old, c.fresh), accepted())
		if len(events) != 0 || len(bad) != 1 || bad[0].Code != c.code || !strings.Contains(bad[0].Detail, c.says) {
			t.Errorf("%s: %d events, %+v", name, len(events), bad)
		}
	}
}

func TestWhatHasANameIsTakenOnlyFromWhoHasIt(t *testing.T) {
	for _, name := range []string{"eventbridge-person-changed", "mns-person-left"} {
		nobody := accepted()
		nobody.Sources, nobody.Topics = nil, nil
		if events, bad := inbox.Read(sample(t, name), nobody); len(events) != 0 || bad[0].Code != reason.EventRefused || !strings.Contains(bad[0].Detail, "none there") {
			t.Errorf("%s: %+v %+v", name, events, bad)
		}
		if events, bad := inbox.Read(sample(t, name), inbox.Accepted{Sources: []string{"acme.hr"}, Topics: []string{"hr"}}); len(events) != 0 || bad[0].Code != reason.EventRefused {
			t.Errorf("%s: %+v %+v", name, events, bad)
		}
	}
	trail := accepted()
	trail.Sources = []string{"acs.actiontrail"}
	if _, bad := inbox.Read(sample(t, "eventbridge-actiontrail"), trail); bad[0].Code != reason.EventUnknown {
		t.Errorf("%+v", bad)
	}
}

// TestATextIsTheCharactersThatWereSent: the list of an event stream holds texts, with the
// events in them.
func TestATextIsTheCharactersThatWereSent(t *testing.T) {
	for name, fresh := range map[string]string{"no UTF-8": "\xff", "half a character": `\ud800`} {
		events, bad := inbox.Read(spoilt(t, "eventbridge-stream-texts", "sre", fresh), accepted())
		if len(events) != 1 || len(bad) != 1 || bad[0].Code != reason.EventMalformed || !strings.Contains(bad[0].Detail, "UTF-8") {
			t.Errorf("%s: %+v %+v", name, events, bad)
		}
	}
}

// TestNoEventPassesForATopicsMessage: who may put events on some bus adds what a topic's
// trigger has, around an event of theirs.
func TestNoEventPassesForATopicsMessage(t *testing.T) {
	event, envelope := sample(t, "eventbridge-actiontrail"), sample(t, "mns-person-left")
	forged := append(bytes.TrimSuffix(bytes.TrimSpace(event), []byte("}")), ","...)
	forged = append(forged, bytes.TrimSpace(envelope)[1:]...)
	if events, bad := inbox.Read(forged, accepted()); len(events) != 0 || len(bad) != 1 || bad[0].Code != reason.EventRefused {
		t.Errorf("%+v %+v", events, bad)
	}
}
