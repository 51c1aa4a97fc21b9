package tablestore_test

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/common"
	sdk "github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore/otsprotocol"
	"github.com/golang/protobuf/proto"

	"github.com/fc-sso/fc-sso/scripts/local/internal/tablestore"
)

// listing lists tables by a request that was spoilt before or after it was
// signed.
func listing(before, afterwards func(*request)) func(*world) (string, error) {
	return func(w *world) (string, error) {
		r := newRequest("/ListTable", nil)
		if before != nil {
			before(r)
		}
		return "listed", w.answer(r, afterwards, new(otsprotocol.ListTableResponse))
	}
}

func header(name, value string) func(*request) {
	return func(r *request) { r.header.Set(name, value) }
}

// dated signs a request of another time, in another layout.
func dated(offset time.Duration, layout string) func(*request) {
	return header("x-ots-date", time.Now().UTC().Add(offset).Format(layout))
}

// v4 lists tables by a client that signs V4.
func v4(secret, token string) func(*world) (string, error) {
	return func(w *world) (string, error) {
		id := keyID
		if token != "" {
			id = "sts"
		}
		credentials := common.CreateByCredentials(&common.DefaultCredentials{AccessKeyID: id, AccessKeySecret: secret, SecurityToken: token}, "cn-hangzhou")
		config := sdk.NewDefaultTableStoreConfig()
		config.RetryTimes = 0
		w.c = sdk.NewClientWithCredentialsProvider(w.url, "local", credentials, config)
		return w.list()
	}
}

// as lists tables by the SDK with other credentials.
func as(id, secret, token string) func(*world) (string, error) {
	return func(w *world) (string, error) {
		w.c = w.clientWith(id, secret, token)
		return w.list()
	}
}

func wireScenarios() []scenario {
	const layout = "2006-01-02T15:04:05"
	return append(actionScenarios(), []scenario{
		{
			name: "signed V2", want: "tables: ",
			call: as(keyID, secret, ""),
		},
		{
			name: "signed V2 with another secret", want: "403 OTSAuthFailed Signature mismatch.",
			call: as(keyID, "guess", ""),
		},
		{
			name: "signed V2 with a security token", want: "tables: ",
			call: as("sts", secret, token),
		},
		{
			name: "with another security token", want: "403 OTSAuthFailed …",
			call: as("sts", secret, "guess"),
		},
		{
			name: "without the security token", want: "403 OTSAuthFailed …",
			call: as("sts", secret, ""),
		},
		{
			name: "signed V4", want: "tables: ",
			call: v4(secret, ""),
		},
		{
			name: "signed V4 with another secret", want: "403 OTSAuthFailed Signature mismatch.",
			call: v4("guess", ""),
		},
		{
			name: "signed V4 with a security token", want: "tables: ",
			call: v4(secret, token),
		},
		{
			name: "signed V4 with another security token", want: "403 OTSAuthFailed …",
			call: v4(secret, "guess"),
		},
		{
			name: "an unknown key", want: "403 OTSAuthFailed The AccessKeyID does not exist.",
			call: as("nobody", secret, ""),
		},
		{
			name: "another instance", want: "403 OTSAuthFailed The instance is not found.",
			call: func(w *world) (string, error) {
				w.c = sdk.NewClient(w.url, "other", keyID, secret)
				return w.list()
			},
		},
		{
			name: "a body that is not the signed one", want: "403 OTSAuthFailed Mismatch between MD5 value of request body and x-ots-contentmd5 in header.",
			call: listing(nil, func(r *request) { r.body = []byte("x") }),
		},
		{
			name: "a path that is not the signed one", want: "403 OTSAuthFailed Signature mismatch.",
			call: listing(nil, func(r *request) { r.path = "/DeleteTable" }),
		},
		{
			name: "a header that is not signed", want: "403 OTSAuthFailed Signature mismatch.",
			call: listing(nil, header("x-ots-request-tag", "late")),
		},
		{
			name: "signed headers for tracing", want: "listed",
			call: listing(func(r *request) {
				header("x-ots-sdk-traceid", "trace")(r)
				header("x-ots-request-priority", "1")(r)
				header("x-ots-request-tag", "tag")(r)
			}, nil),
		},
		{
			name: "fourteen minutes slow", want: "listed",
			call: listing(dated(-14*time.Minute, layout+"Z"), nil),
		},
		{
			name: "fourteen minutes fast, to the nanosecond", want: "listed",
			call: listing(dated(14*time.Minute, layout+".000000000Z"), nil),
		},
		{
			name: "sixteen minutes slow", want: "403 OTSAuthFailed Mismatch between system time and x-ots-date: …",
			call: listing(dated(-16*time.Minute, layout+"Z"), nil),
		},
		{
			name: "sixteen minutes fast", want: "403 OTSAuthFailed Mismatch between system time and x-ots-date: …",
			call: listing(dated(16*time.Minute, layout+".000Z"), nil),
		},
		{
			name: "a put within a transaction", setup: withRow, want: "400 OTSParameterInvalid …",
			call: func(w *world) (string, error) {
				change := put("t", key("a", 1), nil)
				change.TransactionId = proto.String("x")
				return w.put(change)
			},
		},
		{
			name: "a read within a transaction", setup: withRow, want: "400 OTSParameterInvalid …",
			call: asking(func(_ *world, q *sdk.SingleRowQueryCriteria) { q.TransactionId = proto.String("x") }),
		},
		{
			name: "a range within a transaction", setup: withRow, want: "400 OTSParameterInvalid …",
			call: scanning(func(q *sdk.RangeRowQueryCriteria) { q.TransactionId = proto.String("x") }),
		},
		{
			name: "another method", want: "405 OTSMethodNotAllowed …",
			call: listing(func(r *request) { r.method = http.MethodGet }, nil),
		},
		{
			name: "a body that ends too early", want: "408",
			call: halfARequest,
		},
		{
			name: "the headers and the signature that the Python SDK asks of an answer", want: "fine",
			call: checkedByPython,
		},
		{
			name: "an answer is not compressed", want: "",
			call: func(w *world) (string, error) {
				r := newRequest("/ListTable", nil)
				r.header.Set("Accept-Encoding", "gzip")
				_, answered, _ := r.send(w.t, w.bench, nil)
				return answered.Get("Content-Encoding"), nil
			},
		},
		{
			name: "a row whose checksum is wrong", setup: withRow, want: "400 OTSParameterInvalid …",
			call: spoilt(func(row []byte) []byte { row[len(row)-1]++; return row }),
		},
		{
			name: "a cell whose value is not what its checksum says", setup: withRow, want: "400 OTSParameterInvalid …",
			call: spoilt(func(row []byte) []byte { return bytes.Replace(row, []byte("two"), []byte("owt"), 1) }),
		},
		{
			name: "a row that ends too early", setup: withRow, want: "400 OTSParameterInvalid …",
			call: spoilt(func(row []byte) []byte { return row[:len(row)-3] }),
		},
		{
			name: "zero bytes behind a row, as the client for Node sends them", setup: withRow, want: "put",
			call: spoilt(func(row []byte) []byte { return append(row, 0, 0) }),
		},
		{
			name: "a spoilt row changes nothing", want: `a/1 x=1 y="two"`,
			setup: then(withRow, spoilt(func(row []byte) []byte { row[len(row)-1]++; return row })),
			call:  a1,
		},
	}...)
}

// spoilt puts a row into a/1 of which the wire changed some bytes.
func spoilt(change func([]byte) []byte) func(*world) (string, error) {
	return func(w *world) (string, error) {
		row := change(put("t", key("a", 1), map[string]any{"y": "two"}).Serialize())
		return "put", w.raw("PutRow", &otsprotocol.PutRowRequest{
			TableName: proto.String("t"), Row: row,
			Condition: &otsprotocol.Condition{RowExistence: otsprotocol.RowExistenceExpectation_IGNORE.Enum()},
		}, new(otsprotocol.PutRowResponse))
	}
}

// halfARequest promises ten bytes and sends three.
func halfARequest(w *world) (string, error) {
	connection, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		return "", err
	}
	defer func() { _ = connection.Close() }()
	if _, err := fmt.Fprint(connection, "POST /ListTable HTTP/1.1\r\nHost: local\r\nContent-Length: 10\r\n\r\nabc"); err != nil {
		return "", err
	}
	if half, ok := connection.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	}
	resp, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return "", err
	}
	_ = resp.Body.Close()
	return fmt.Sprint(resp.StatusCode), nil
}

// checkedByPython checks an answer as tablestore/protocol.py of the Python SDK
// does: five headers, the body's MD5, a date within 15 minutes, and the
// signature over the sorted x-ots- headers and the path.
func checkedByPython(w *world) (string, error) {
	_, answered, body := newRequest("/ListTable", nil).send(w.t, w.bench, nil)
	for _, name := range []string{"x-ots-contentmd5", "x-ots-requestid", "x-ots-date", "x-ots-contenttype", "Authorization"} {
		if answered.Get(name) == "" {
			return "no " + name, nil
		}
	}
	sum := md5.Sum(body)
	if answered.Get("x-ots-contentmd5") != base64.StdEncoding.EncodeToString(sum[:]) {
		return "another MD5", nil
	}
	date, err := time.Parse("2006-01-02T15:04:05.000000Z", answered.Get("x-ots-date"))
	if err != nil {
		return "", err
	}
	if time.Since(date).Abs() > 15*time.Minute {
		return "another time", nil
	}
	var lines []string
	for name, values := range answered {
		if name = strings.ToLower(name); strings.HasPrefix(name, "x-ots-") {
			lines = append(lines, name+":"+values[0])
		}
	}
	slices.Sort(lines)
	if answered.Get("Authorization") != "OTS "+keyID+":"+hmacSHA1(secret, strings.Join(lines, "\n")+"\n/ListTable") {
		return "another signature", nil
	}
	return "fine", nil
}

// actionScenarios call what the service has and this server has not.
func actionScenarios() []scenario {
	transaction := "x"
	var list []scenario
	for action, call := range map[string]func(*world) error{
		"CreateIndex": func(w *world) error {
			_, err := w.c.CreateIndex(&sdk.CreateIndexRequest{MainTableName: "t", IndexMeta: &sdk.IndexMeta{IndexName: "i"}})
			return err
		},
		"DropIndex": func(w *world) error {
			_, err := w.c.DeleteIndex(&sdk.DeleteIndexRequest{MainTableName: "t", IndexName: "i"})
			return err
		},
		"ComputeSplitPointsBySize": func(w *world) error {
			_, err := w.c.ComputeSplitPointsBySize(&sdk.ComputeSplitPointsBySizeRequest{TableName: "t", SplitSize: 1})
			return err
		},
		"StartLocalTransaction": func(w *world) error {
			_, err := w.c.StartLocalTransaction(&sdk.StartLocalTransactionRequest{TableName: "t", PrimaryKey: misspelt("p", "a")})
			return err
		},
		"CommitTransaction": func(w *world) error {
			_, err := w.c.CommitTransaction(&sdk.CommitTransactionRequest{TransactionId: &transaction})
			return err
		},
		"AbortTransaction": func(w *world) error {
			_, err := w.c.AbortTransaction(&sdk.AbortTransactionRequest{TransactionId: &transaction})
			return err
		},
		"SQLQuery": func(w *world) error {
			_, err := w.c.SQLQuery(&sdk.SQLQueryRequest{Query: "select 1"})
			return err
		},
		"ListSearchIndex": func(w *world) error {
			_, err := w.c.ListSearchIndex(&sdk.ListSearchIndexRequest{TableName: "t"})
			return err
		},
		"NoSuchAction": func(w *world) error { return w.raw("NoSuchAction", new(otsprotocol.ListTableRequest), nil) },
	} {
		list = append(list, scenario{
			name: "the action " + action,
			call: func(w *world) (string, error) { return "", call(w) },
			want: "400 OTSParameterInvalid Unsupported operation: '" + action + "'.",
		})
	}
	return list
}

// impatient gives the call a client that retries, and waits a twentieth of a
// second for each answer.
func impatient(call func(*world) (string, error)) func(*world) (string, error) {
	return func(w *world) (string, error) {
		config := sdk.NewDefaultTableStoreConfig()
		config.HTTPTimeout.RequestTimeout = 50 * time.Millisecond
		w.c = sdk.NewClientWithConfig(w.url, "local", keyID, secret, "", config)
		return call(w)
	}
}

// unready makes a table as the cloud does: usable after a while.
func unready(w *world) {
	w.fault(w.t, tablestore.Fault{Kind: "not_ready", Seconds: 5})
	w.table()
}

// failing sets a fault for one call on table t, which has the row a/1.
func failing(f tablestore.Fault) func(*world) {
	return func(w *world) {
		withRow(w)
		f.Times = 1
		w.fault(w.t, f)
	}
}

// retrying gives the call a client with the SDK's own retries.
func retrying(call func(*world) (string, error)) func(*world) (string, error) {
	return func(w *world) (string, error) {
		w.c = sdk.NewClient(w.url, "local", keyID, secret)
		return call(w)
	}
}

func faultScenarios() []scenario {
	insert := existing("put", "b", sdk.RowExistenceExpectation_EXPECT_NOT_EXIST)
	list := []scenario{
		{
			name: "an answer lost after the commit", want: "error: …",
			setup: failing(tablestore.Fault{Table: "t", Action: "PutRow", Kind: "lost", Commit: true}),
			call:  insert,
		},
		{
			name: "an answer lost after the commit, afterwards", want: "b/1 x=2",
			setup: then(failing(tablestore.Fault{Table: "t", Action: "PutRow", Kind: "lost", Commit: true}), insert),
			call:  func(w *world) (string, error) { return w.get(key("b", 1)) },
		},
		{
			name: "an answer lost after the commit, and the SDK's retry", want: conditionRefused,
			setup: failing(tablestore.Fault{Table: "t", Action: "PutRow", Kind: "lost", Commit: true}),
			call:  retrying(insert),
		},
		{
			name: "a request lost before the commit, and the SDK's retry", want: "done",
			setup: failing(tablestore.Fault{Table: "t", Action: "PutRow", Kind: "lost"}),
			call:  retrying(insert),
		},
		{
			name: "busy after the commit, and the SDK's retry", want: conditionRefused,
			setup: failing(tablestore.Fault{Table: "t", Kind: "error", Code: "OTSServerBusy", Commit: true}),
			call:  retrying(insert),
		},
		{
			name: "a slow answer after the commit, and the SDK's retry", want: conditionRefused,
			setup: failing(tablestore.Fault{Table: "t", Kind: "slow", DelayMS: 60_000, Commit: true}),
			call:  impatient(insert),
		},
		{
			name: "too frequent table operations", want: "403 OTSQuotaExhausted Too frequent table operations.",
			setup: failing(tablestore.Fault{Table: "t", Kind: "error", Code: "OTSQuotaExhausted", Message: "Too frequent table operations."}),
			call:  func(w *world) (string, error) { return w.drop("t") },
		},
		{
			name: "too frequent table operations are retried", want: "dropped",
			setup: failing(tablestore.Fault{Table: "t", Kind: "error", Code: "OTSQuotaExhausted", Message: "Too frequent table operations."}),
			call:  retrying(func(w *world) (string, error) { return w.drop("t") }),
		},
		{
			name: "a table that is not ready", want: "404 OTSTableNotReady The table is not ready.",
			setup: unready,
			call:  putting(key("a", 1), "x", int64(1)),
		},
		{
			name: "a table that has become ready", want: "done",
			setup: func(w *world) {
				unready(w)
				w.turn(5 * time.Second)
			},
			call: putting(key("a", 1), "x", int64(1)),
		},
		{
			name: "another at the same row", want: "409 OTSRowOperationConflict Data is being modified by the other request.",
			setup: failing(tablestore.Fault{Table: "t", Kind: "error", Code: "OTSRowOperationConflict"}),
			call:  insert,
		},
		{
			name: "a timeout after the commit is not retried", want: "503 OTSTimeout …",
			setup: failing(tablestore.Fault{Table: "t", Kind: "error", Code: "OTSTimeout", Commit: true}),
			call:  retrying(insert),
		},
		{
			name: "a timeout of a read is retried", want: `a/1 x=1 y="two"`,
			setup: failing(tablestore.Fault{Table: "t", Kind: "error", Code: "OTSTimeout"}),
			call:  retrying(a1),
		},
		{
			name: "another table's fault", want: `a/1 x=1 y="two"`,
			setup: failing(tablestore.Fault{Table: "u", Kind: "error", Code: "OTSServerBusy"}),
			call:  a1,
		},
		{
			name: "another action's fault", want: `a/1 x=1 y="two"`,
			setup: failing(tablestore.Fault{Table: "t", Action: "PutRow", Kind: "error", Code: "OTSServerBusy"}),
			call:  a1,
		},
	}
	for code, status := range map[string]int{
		"OTSRowOperationConflict": 409, "OTSNotEnoughCapacityUnit": 403, "OTSTableNotReady": 404,
		"OTSPartitionUnavailable": 503, "OTSServerBusy": 503, "OTSStorageServerBusy": 503,
	} {
		list = append(list, scenario{
			name: code, want: fmt.Sprintf("%d %s …", status, code),
			setup: failing(tablestore.Fault{Table: "t", Kind: "error", Code: code}),
			call:  insert,
		}, scenario{
			name: code + " is retried", want: "done",
			setup: failing(tablestore.Fault{Table: "t", Kind: "error", Code: code}),
			call:  retrying(insert),
		})
	}
	for code, status := range map[string]int{"OTSInternalServerError": 500, "OTSServerUnavailable": 503, "OTSCapacityUnitExhausted": 403, "OTSTimeout": 503, "OTSTooFrequentReservedThroughputAdjustment": 403} {
		list = append(list, scenario{
			name: code, want: fmt.Sprintf("%d %s …", status, code),
			setup: failing(tablestore.Fault{Table: "t", Kind: "error", Code: code}),
			call:  insert,
		})
	}
	return list
}
