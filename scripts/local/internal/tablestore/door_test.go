package tablestore_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore/otsprotocol"
	"github.com/golang/protobuf/proto"
)

// request is a signed request that a test may spoil before and after signing.
type request struct {
	method, path, secret string
	body                 []byte
	header               http.Header
}

func newRequest(path string, body []byte) *request {
	sum := md5.Sum(body)
	h := http.Header{}
	h.Set("x-ots-date", time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"))
	h.Set("x-ots-apiversion", "2015-12-31")
	h.Set("x-ots-accesskeyid", keyID)
	h.Set("x-ots-contentmd5", base64.StdEncoding.EncodeToString(sum[:]))
	h.Set("x-ots-instancename", "local")
	return &request{http.MethodPost, path, secret, body, h}
}

func hmacSHA1(secret, text string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func headerLines(h http.Header) string {
	var lines []string
	for name, values := range h {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-ots-") {
			lines = append(lines, name+":"+values[0])
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (r *request) send(t *testing.T, b bench, afterwards func(*request)) (int, http.Header, []byte) {
	t.Helper()
	r.header.Set("x-ots-signature", hmacSHA1(r.secret, r.path+"\n"+r.method+"\n\n"+headerLines(r.header)+"\n"))
	if afterwards != nil {
		afterwards(r)
	}
	req, err := http.NewRequestWithContext(t.Context(), r.method, b.url+r.path, bytes.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = r.header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, body
}

func TestTheDoorRefuses(t *testing.T) {
	b := start(t)
	set := func(name, value string) func(*request) { return func(r *request) { r.header.Set(name, value) } }
	v4 := func(day string) func(*request) {
		return func(r *request) { r.header.Set("x-ots-signregion", "cn-hangzhou"); r.header.Set("x-ots-signdate", day) }
	}
	for name, test := range map[string]struct {
		before, afterwards func(*request)
		status             int
		code, message      string
	}{
		"another method":        {func(r *request) { r.method = http.MethodGet }, nil, 405, "OTSMethodNotAllowed", ""},
		"a large body":          {func(r *request) { r.body = make([]byte, 5<<20+1) }, nil, 413, "OTSRequestBodyTooLarge", ""},
		"no date":               {func(r *request) { r.header.Del("x-ots-date") }, nil, 400, "OTSMissingHeader", "x-ots-date"},
		"no signature":          {nil, func(r *request) { r.header.Del("x-ots-signature") }, 400, "OTSMissingHeader", "x-ots-signature"},
		"another version":       {set("x-ots-apiversion", "2014-08-08"), nil, 400, "OTSParameterInvalid", "2014-08-08"},
		"another instance":      {set("x-ots-instancename", "other"), nil, 403, "OTSAuthFailed", "The instance is not found."},
		"an unknown key":        {set("x-ots-accesskeyid", "nobody"), nil, 403, "OTSAuthFailed", "The AccessKeyID does not exist."},
		"another secret":        {func(r *request) { r.secret = "guess" }, nil, 403, "OTSAuthFailed", "Signature mismatch."},
		"another path":          {nil, func(r *request) { r.path = "/DeleteTable" }, 403, "OTSAuthFailed", "Signature mismatch."},
		"an unsigned header":    {nil, set("x-ots-request-tag", "late"), 403, "OTSAuthFailed", "Signature mismatch."},
		"another body":          {nil, func(r *request) { r.body = []byte("x") }, 403, "OTSAuthFailed", "Mismatch between MD5"},
		"no STS token":          {set("x-ots-accesskeyid", "sts"), nil, 403, "OTSAuthFailed", "security token"},
		"another STS token":     {func(r *request) { r.header.Set("x-ots-accesskeyid", "sts"); r.header.Set("x-ots-ststoken", "x") }, nil, 403, "OTSAuthFailed", "security token"},
		"a token nobody issued": {set("x-ots-ststoken", "x"), nil, 403, "OTSAuthFailed", "security token"},
		"an old clock":          {set("x-ots-date", time.Now().UTC().Add(-16*time.Minute).Format(time.RFC3339)), nil, 403, "OTSAuthFailed", "Mismatch between system time"},
		"a fast clock":          {set("x-ots-date", time.Now().UTC().Add(16*time.Minute).Format(time.RFC3339)), nil, 403, "OTSAuthFailed", "Mismatch between system time"},
		"no clock":              {set("x-ots-date", "today"), nil, 403, "OTSAuthFailed", "Mismatch between system time"},
		"V4 without a region":   {nil, set("x-ots-signaturev4", "x"), 400, "OTSMissingHeader", "x-ots-signregion"},
		"V4 of another day":     {v4("20240808"), set("x-ots-signaturev4", "x"), 403, "OTSAuthFailed", "Mismatch between system time and x-ots-signdate"},
		"V4 with a wrong key":   {v4(time.Now().UTC().Format("20060102")), set("x-ots-signaturev4", "x"), 403, "OTSAuthFailed", "Signature mismatch."},
		"an unknown operation":  {func(r *request) { r.path = "/Search" }, nil, 400, "OTSParameterInvalid", "Unsupported operation: 'Search'."},
		"no protobuf":           {func(r *request) { *r = *newRequest("/GetRow", []byte("\xff\xff")) }, nil, 400, "OTSParameterInvalid", "ProtoBuf"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRequest("/ListTable", nil)
			if test.before != nil {
				test.before(r)
			}
			status, _, body := r.send(t, b, test.afterwards)
			got := new(otsprotocol.Error)
			if err := proto.Unmarshal(body, got); err != nil {
				t.Fatal(err)
			}
			if status != test.status || got.GetCode() != test.code || !strings.Contains(got.GetMessage(), test.message) {
				t.Errorf("got %d %s %q", status, got.GetCode(), got.GetMessage())
			}
		})
	}
}

// TestTheAnswerIsSigned checks what the Python and Java SDKs do.
func TestTheAnswerIsSigned(t *testing.T) {
	status, header, body := newRequest("/ListTable", nil).send(t, start(t), nil)
	if status != http.StatusOK {
		t.Fatalf("%d %q", status, body)
	}
	sum := md5.Sum(body)
	if got := header.Get("x-ots-contentmd5"); got != base64.StdEncoding.EncodeToString(sum[:]) {
		t.Errorf("MD5 %q", got)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000000Z", header.Get("x-ots-date")); err != nil {
		t.Error(err)
	}
	if header.Get("x-ots-requestid") == "" || header.Get("x-ots-contenttype") == "" {
		t.Errorf("headers are missing: %v", header)
	}
	want := "OTS " + keyID + ":" + hmacSHA1(secret, headerLines(header)+"\n/ListTable")
	if got := header.Get("Authorization"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSTSCredentialsAreTaken(t *testing.T) {
	b := start(t)
	if _, err := b.clientWith("sts", secret, token).ListTable(); err != nil {
		t.Error(err)
	}
	_, err := b.clientWith("sts", secret, "other").ListTable()
	wantCode(t, err, 403, "OTSAuthFailed", "security token")
}

func TestTables(t *testing.T) {
	c := start(t).client()
	table(t, c, "b", 86400, 3)
	table(t, c, "a", -1, 1)
	list, err := c.ListTable()
	if err != nil || strings.Join(list.TableNames, " ") != "a b" {
		t.Errorf("got %v, %v", list, err)
	}
	described, err := c.DescribeTable(&sdk.DescribeTableRequest{TableName: "b"})
	if err != nil {
		t.Fatal(err)
	}
	o := described.TableOption
	if o.TimeToAlive != 86400 || o.MaxVersion != 3 || o.DeviationCellVersionInSec != 86400 || !*o.AllowUpdate || *o.UpdateFullRow {
		t.Errorf("options %+v", o)
	}
	if k := described.TableMeta.SchemaEntry; len(k) != 2 || *k[0].Name != "p" || *k[1].Type != sdk.PrimaryKeyType_INTEGER {
		t.Errorf("key %+v", k)
	}
	mustPut(t, c, put("b", key("x", 1), map[string]any{"v": "old"}))
	if _, err := c.DeleteTable(&sdk.DeleteTableRequest{TableName: "b"}); err != nil {
		t.Fatal(err)
	}
	_, err = c.DescribeTable(&sdk.DescribeTableRequest{TableName: "b"})
	wantCode(t, err, 404, "OTSObjectNotExist", "Requested table does not exist.")
	table(t, c, "b", -1, 1)
	if got := get(t, c, "b", key("x", 1), nil); len(got.Columns) != 0 {
		t.Error("the rows outlived their table")
	}
}

func TestTablesThatAreRefused(t *testing.T) {
	c := start(t).client()
	table(t, c, "taken", -1, 1)
	for name, test := range map[string]struct {
		table         string
		ttl, versions int
		keys          []string
		status        int
		code, message string
	}{
		"taken":          {"taken", -1, 1, []string{"p"}, 409, "OTSObjectAlreadyExist", "Requested table already exists."},
		"bad name":       {"1x", -1, 1, []string{"p"}, 400, "OTSParameterInvalid", "Invalid table name: '1x'."},
		"bad column":     {"x", -1, 1, []string{"p-p"}, 400, "OTSParameterInvalid", "Invalid column name: 'p-p'."},
		"doubled column": {"x", -1, 1, []string{"p", "p"}, 400, "OTSParameterInvalid", "Duplicated primary key name: 'p'."},
		"five columns":   {"x", -1, 1, []string{"a", "b", "c", "d", "e"}, 400, "OTSParameterInvalid", "must be in range: [1, 4]"},
		"short life":     {"x", 3600, 1, []string{"p"}, 400, "OTSParameterInvalid", "TimeToLive"},
		"no version":     {"x", -1, 0, []string{"p"}, 400, "OTSParameterInvalid", "MaxVersions"},
	} {
		t.Run(name, func(t *testing.T) {
			meta := &sdk.TableMeta{TableName: test.table}
			for _, k := range test.keys {
				meta.AddPrimaryKeyColumn(k, sdk.PrimaryKeyType_STRING)
			}
			_, err := c.CreateTable(&sdk.CreateTableRequest{
				TableMeta:          meta,
				TableOption:        &sdk.TableOption{TimeToAlive: test.ttl, MaxVersion: test.versions},
				ReservedThroughput: &sdk.ReservedThroughput{},
			})
			wantCode(t, err, test.status, test.code, test.message)
		})
	}
}
