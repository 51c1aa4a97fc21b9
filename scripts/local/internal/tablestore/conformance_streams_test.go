package tablestore_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	sdk "github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
)

func streamed(r *sdk.CreateTableRequest) {
	r.StreamSpec = &sdk.StreamSpecification{EnableStream: true, ExpirationTime: 24}
}

func stream(on bool) func(*sdk.UpdateTableRequest) {
	return func(r *sdk.UpdateTableRequest) {
		r.StreamSpec = &sdk.StreamSpecification{EnableStream: on, ExpirationTime: 24}
	}
}

// listStreams counts the streams of a table, of all tables for "".
func listStreams(table string) func(*world) (string, error) {
	return func(w *world) (string, error) {
		request := new(sdk.ListStreamRequest)
		if table != "" {
			request.TableName = &table
		}
		resp, err := w.c.ListStream(request)
		if err != nil {
			return "", err
		}
		var names []string
		for _, s := range resp.Streams {
			if s.Id == nil || *s.Id == "" || s.CreationTime <= 0 {
				return "", errors.New("a stream without ID or time")
			}
			names = append(names, *s.TableName)
		}
		return fmt.Sprintf("%d %s", len(names), strings.Join(names, " ")), nil
	}
}

// shard is the stream of table t and its only shard.
func (w *world) shard() (sdk.StreamId, sdk.ShardId, error) {
	table := "t"
	listed, err := w.c.ListStream(&sdk.ListStreamRequest{TableName: &table})
	if err != nil {
		return "", "", err
	}
	if len(listed.Streams) != 1 {
		return "", "", fmt.Errorf("%d streams", len(listed.Streams))
	}
	id := listed.Streams[0].Id
	described, err := w.c.DescribeStream(&sdk.DescribeStreamRequest{StreamId: id})
	if err != nil {
		return "", "", err
	}
	if *described.StreamId != *id || *described.TableName != table || described.ExpirationTime != 24 || described.CreationTime <= 0 ||
		described.Status != sdk.SS_Active || len(described.Shards) != 1 || described.NextShardId != nil {
		return "", "", fmt.Errorf("the stream is %+v", described)
	}
	return *id, *described.Shards[0].SelfShard, nil
}

func (w *world) iterator() (*sdk.ShardIterator, error) {
	id, shard, err := w.shard()
	if err != nil {
		return nil, err
	}
	resp, err := w.c.GetShardIterator(&sdk.GetShardIteratorRequest{StreamId: &id, ShardId: &shard})
	if err != nil {
		return nil, err
	}
	return resp.ShardIterator, nil
}

// drain reads records up to the end of the shard as it is now, a page at a time.
func (w *world) drain(from *sdk.ShardIterator, limit int32) (string, *sdk.ShardIterator, error) {
	var lines []string
	last := int64(0)
	for {
		request := &sdk.GetStreamRecordRequest{ShardIterator: from}
		if limit > 0 {
			request.Limit = &limit
		}
		resp, err := w.c.GetStreamRecord(request)
		if err != nil {
			return "", nil, err
		}
		if limit > 0 && len(resp.Records) > int(limit) {
			return "", nil, fmt.Errorf("%d records", len(resp.Records))
		}
		for _, r := range resp.Records {
			if r.Info.Timestamp < last || r.Info.Timestamp <= 0 {
				return "", nil, fmt.Errorf("time %d after %d", r.Info.Timestamp, last)
			}
			last = r.Info.Timestamp
			lines = append(lines, recordText(r))
		}
		if resp.NextShardIterator == nil || *resp.NextShardIterator == *from {
			return strings.Join(lines, "; "), from, nil
		}
		from = resp.NextShardIterator
	}
}

func recordText(r *sdk.StreamRecord) string {
	text := strings.Trim(r.Type.String(), `"`) + " " + keyText(*r.PrimaryKey)
	for _, c := range r.Columns {
		switch c.Type {
		case sdk.RCT_Put:
			text += fmt.Sprintf(" %s=%s", *c.Name, valueText(c.Value))
		case sdk.RCT_DeleteOneVersion:
			text += fmt.Sprintf(" %s less one version", *c.Name)
		case sdk.RCT_DeleteAllVersions:
			text += fmt.Sprintf(" without %s", *c.Name)
		}
	}
	return text
}

// records reads the stream of table t from its beginning.
func records(w *world) (string, error) {
	from, err := w.iterator()
	if err != nil {
		return "", err
	}
	text, _, err := w.drain(from, 0)
	return text, err
}

// doing makes a streamed table and does things to it.
func doing(calls ...func(*world) (string, error)) func(*world) {
	return func(w *world) {
		w.table(streamed, versions(3))
		for _, call := range calls {
			w.must(call(w))
		}
	}
}

func streamScenarios() []scenario {
	return []scenario{
		{
			name: "a table without", setup: func(w *world) { w.table() }, want: "0 ",
			call: listStreams("t"),
		},
		{
			name: "a table with", setup: func(w *world) { w.table(streamed) }, want: "1 t",
			call: listStreams("t"),
		},
		{
			name: "one table among others", want: "1 u",
			setup: func(w *world) {
				w.table(streamed)
				w.must(w.createTable("u", streamed))
			},
			call: listStreams("u"),
		},
		{
			name: "of all tables", want: "2 t u",
			setup: func(w *world) {
				w.table(streamed)
				w.must(w.createTable("u", streamed))
				w.must(w.createTable("v"))
			},
			call: listStreams(""),
		},
		{
			name: "switched on", setup: func(w *world) { w.table() }, want: "ttl=-1 versions=1 deviation=86400 stream=true/24",
			call: func(w *world) (string, error) { return w.updateTable(stream(true)) },
		},
		{
			name: "switched on, and then told so again", setup: func(w *world) { w.table(streamed) }, want: "ttl=-1 versions=1 deviation=86400 stream=true/24",
			call: func(w *world) (string, error) { return w.updateTable(stream(true)) },
		},
		{
			name: "switched on, afterwards", want: "1 t",
			setup: func(w *world) {
				w.table()
				w.must(w.updateTable(stream(true)))
			},
			call: listStreams("t"),
		},
		{
			name: "switched off", setup: func(w *world) { w.table(streamed) }, want: "ttl=-1 versions=1 deviation=86400 stream=false/0",
			call: func(w *world) (string, error) { return w.updateTable(stream(false)) },
		},
		{
			name: "switched off, afterwards", want: "0 ",
			setup: func(w *world) {
				w.table(streamed)
				w.must(w.updateTable(stream(false)))
			},
			call: listStreams("t"),
		},
		{
			name: "gone with its table", want: "0 ",
			setup: func(w *world) {
				w.table(streamed)
				w.must(w.drop("t"))
			},
			call: listStreams(""),
		},
		{
			name: "described with its table", setup: func(w *world) { w.table(streamed) }, want: "true 24 true true",
			call: func(w *world) (string, error) {
				resp, err := w.c.DescribeTable(&sdk.DescribeTableRequest{TableName: "t"})
				if err != nil {
					return "", err
				}
				d := resp.StreamDetails
				return fmt.Sprint(d.EnableStream, d.ExpirationTime, d.StreamId != nil, d.LastEnableTime > 0), nil
			},
		},
		{
			name: "no such stream", setup: func(w *world) { w.table(streamed) }, want: "4…",
			call: func(w *world) (string, error) {
				id := sdk.StreamId("none")
				_, err := w.c.DescribeStream(&sdk.DescribeStreamRequest{StreamId: &id})
				return "", err
			},
		},
		{
			name: "no such shard", setup: func(w *world) { w.table(streamed) }, want: "4…",
			call: func(w *world) (string, error) {
				id, _, err := w.shard()
				w.must("", err)
				shard := sdk.ShardId("none")
				_, err = w.c.GetShardIterator(&sdk.GetShardIteratorRequest{StreamId: &id, ShardId: &shard})
				return "", err
			},
		},
		{
			name: "no such iterator", setup: func(w *world) { w.table(streamed) }, want: "4…",
			call: func(w *world) (string, error) {
				iterator := sdk.ShardIterator("none")
				_, err := w.c.GetStreamRecord(&sdk.GetStreamRecordRequest{ShardIterator: &iterator})
				return "", err
			},
		},
	}
}

func recordScenarios() []scenario {
	return []scenario{
		{
			name: "of nothing", setup: doing(), want: "",
			call: records,
		},
		{
			name: "a put", setup: doing(putting(key("a", 1), "x", int64(1))), want: "PutRow a/1 x=1",
			call: records,
		},
		{
			name: "a put of all types", want: `PutRow a/1 b=true d=0.5 r=0x00ff s="x"`,
			setup: doing(func(w *world) (string, error) {
				change := put("t", key("a", 1), nil)
				change.AddColumn("b", true)
				change.AddColumn("d", 0.5)
				change.AddColumn("r", []byte{0, 255})
				change.AddColumn("s", "x")
				return w.put(change)
			}),
			call: records,
		},
		{
			name: "an update", want: "PutRow a/1 x=1; UpdateRow a/1 x less one version without y z=0.5",
			setup: doing(putting(key("a", 1), "x", int64(1)), func(w *world) (string, error) {
				return changing(func(c *sdk.UpdateRowChange) {
					c.DeleteColumnWithTimestamp("x", w.at(0))
					c.DeleteColumn("y")
					c.PutColumn("z", 0.5)
				})(w)
			}),
			call: records,
		},
		{
			name: "a deletion", want: "PutRow a/1 x=1; DeleteRow a/1",
			setup: doing(putting(key("a", 1), "x", int64(1)), func(w *world) (string, error) { return w.remove(deleting(key("a", 1))) }),
			call:  records,
		},
		{
			name: "a batch, in order", want: "PutRow a/1 x=9; PutRow b/1 x=9",
			setup: doing(writing(fresh(key("a", 1)), fresh(key("b", 1)))),
			call:  records,
		},
		{
			name: "a batch of which one row was refused", want: "PutRow a/1 x=9; PutRow b/1 x=9",
			setup: doing(putting(key("a", 1), "x", int64(9)), writing(fresh(key("a", 1)), fresh(key("b", 1)))),
			call:  records,
		},
		{
			name: "an atomic batch that was refused", want: "PutRow a/1 x=9",
			setup: doing(putting(key("a", 1), "x", int64(9)), atomically(fresh(key("a", 2)), fresh(key("a", 1)))),
			call:  records,
		},
		{
			name: "a refused put", setup: then(doing(), existing("put", "a", sdk.RowExistenceExpectation_EXPECT_EXIST)), want: "",
			call: records,
		},
		{
			name: "only from when the stream was switched on", want: "PutRow b/1 x=2",
			setup: func(w *world) {
				withRow(w)
				w.must(w.updateTable(stream(true)))
				w.must(putting(key("b", 1), "x", int64(2))(w))
			},
			call: records,
		},
		{
			name: "page by page", want: "PutRow a/1 x=1; PutRow a/2 x=2; PutRow a/3 x=3",
			setup: doing(putting(key("a", 1), "x", int64(1)), putting(key("a", 2), "x", int64(2)), putting(key("a", 3), "x", int64(3))),
			call: func(w *world) (string, error) {
				from, err := w.iterator()
				w.must("", err)
				text, _, err := w.drain(from, 1)
				return text, err
			},
		},
		{
			name: "from where one has come to", setup: doing(putting(key("a", 1), "x", int64(1))), want: "PutRow a/2 x=2",
			call: func(w *world) (string, error) {
				from, err := w.iterator()
				w.must("", err)
				_, from, err = w.drain(from, 0)
				w.must("", err)
				w.turn(time.Second)
				w.must(putting(key("a", 2), "x", int64(2))(w))
				text, _, err := w.drain(from, 0)
				return text, err
			},
		},
	}
}
