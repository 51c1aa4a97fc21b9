package tablestore

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore/otsprotocol"
	"github.com/golang/protobuf/proto"
)

// A stream tells what was written to a table, in order, for some hours. There
// is one shard: the emulator has one partition.

const (
	maxStreamHours   = 168
	maxStreamRecords = 1000
	purgePerWrite    = 2 // expired records deleted for each that is added: the stream cannot grow for ever
)

// stream is what a schema says of it.
type stream struct {
	Enabled bool
	ID      string
	Hours   int32
	Since   int64    // microseconds
	Columns []string // whose values before the write the records carry
}

func (s stream) space() string { return "stream/" + s.ID }

func (s stream) shard() string { return s.ID + "_0" }

func (s stream) describe() *otsprotocol.StreamDetails {
	if !s.Enabled {
		return &otsprotocol.StreamDetails{EnableStream: proto.Bool(false)}
	}
	return &otsprotocol.StreamDetails{
		EnableStream:   proto.Bool(true),
		StreamId:       proto.String(s.ID),
		ExpirationTime: proto.Int32(s.Hours),
		LastEnableTime: proto.Int64(s.Since),
		ColumnsToGet:   s.Columns,
	}
}

// setStream switches the stream on or off. One that is on keeps its hours.
func (s *schema) setStream(spec *otsprotocol.StreamSpecification, now time.Time) error {
	switch {
	case spec == nil:
		return nil
	case !spec.GetEnableStream():
		s.Stream = stream{}
		return nil
	case spec.GetExpirationTime() < 1 || spec.GetExpirationTime() > maxStreamHours:
		return invalid("The expiration time of a stream must be in range: [1, %d].", maxStreamHours)
	case s.Stream.Enabled && s.Stream.Hours != spec.GetExpirationTime():
		return invalid("The expiration time of a stream can not be changed.")
	case s.Stream.Enabled:
		return nil
	}
	s.Stream = stream{
		Enabled: true, ID: s.Name + "_" + requestID(),
		Hours: spec.GetExpirationTime(), Since: now.UnixMicro(), Columns: spec.GetColumnsToGet(),
	}
	return nil
}

func (s stream) expired(at int64, now time.Time) bool {
	return at <= now.Add(-time.Duration(s.Hours)*time.Hour).UnixMicro()
}

// streamKey orders records by their time, which no two of a stream share.
func streamKey(at int64) string {
	return string(binary.BigEndian.AppendUint64(nil, uint64(max(at, 0))))
}

func streamTime(key string) int64 {
	return int64(binary.BigEndian.Uint64([]byte(key))) //nolint:gosec // as streamKey wrote it
}

// append adds the record of one write and forgets some that have expired.
func (s stream) append(t *txn, c change, cells []cell, old row, now time.Time) error {
	if !s.Enabled {
		return nil
	}
	at := now.UnixMicro()
	for key := range t.scan(s.space(), streamKey(1<<63-1), true) {
		at = max(at, streamTime(key)+1)
		break
	}
	record := &otsprotocol.GetStreamRecordResponse_StreamRecord{
		ActionType: streamAction(c.operation).Enum(),
		Record:     encodeRows(row{key: c.row.key, cells: cells, sequence: &sequence{time: at}}),
	}
	if len(s.Columns) > 0 && len(old.key) > 0 {
		before := slices.DeleteFunc(slices.Clone(old.cells), func(c cell) bool { return !slices.Contains(s.Columns, c.name) })
		record.OriginRecord = encodeRows(row{key: old.key, cells: before})
	}
	encoded, err := proto.Marshal(record)
	if err != nil {
		return err
	}
	t.put(s.space(), streamKey(at), encoded)
	s.purge(t, now)
	return nil
}

func (s stream) purge(t *txn, now time.Time) {
	var gone []string
	for key := range t.scan(s.space(), "", false) {
		if len(gone) == purgePerWrite || !s.expired(streamTime(key), now) {
			break
		}
		gone = append(gone, key)
	}
	for _, key := range gone {
		t.delete(s.space(), key)
	}
}

func streamAction(operation otsprotocol.OperationType) otsprotocol.ActionType {
	switch operation {
	case otsprotocol.OperationType_UPDATE:
		return otsprotocol.ActionType_UPDATE_ROW
	case otsprotocol.OperationType_DELETE:
		return otsprotocol.ActionType_DELETE_ROW
	case otsprotocol.OperationType_PUT:
	}
	return otsprotocol.ActionType_PUT_ROW
}

func (s *Server) listStream(req *otsprotocol.ListStreamRequest) (proto.Message, error) {
	resp := new(otsprotocol.ListStreamResponse)
	return resp, s.storage.view(func(t *txn) error {
		if req.TableName != nil {
			if _, err := loadSchema(t, req.GetTableName()); err != nil {
				return err
			}
		}
		return eachSchema(t, func(table *schema) {
			if table.Stream.Enabled && (req.TableName == nil || table.Name == req.GetTableName()) {
				resp.Streams = append(resp.Streams, &otsprotocol.Stream{
					StreamId: proto.String(table.Stream.ID), TableName: proto.String(table.Name), CreationTime: proto.Int64(table.Stream.Since),
				})
			}
		})
	})
}

func eachSchema(t *txn, do func(*schema)) error {
	for name := range t.scan(spaceSchemas, "", false) {
		table, err := loadSchema(t, name)
		if err != nil {
			return err
		}
		do(table)
	}
	return nil
}

// findStream returns the table whose stream has this ID.
func findStream(t *txn, id string) (*schema, error) {
	var found *schema
	err := eachSchema(t, func(table *schema) {
		if table.Stream.Enabled && table.Stream.ID == id {
			found = table
		}
	})
	if err == nil && found == nil {
		err = streamMissing()
	}
	return found, err
}

func (s *Server) describeStream(req *otsprotocol.DescribeStreamRequest) (resp proto.Message, err error) {
	err = s.storage.view(func(t *txn) error {
		table, err := findStream(t, req.GetStreamId())
		if err != nil {
			return err
		}
		if req.InclusiveStartShardId != nil && req.GetInclusiveStartShardId() != table.Stream.shard() {
			return invalid("Invalid shard id: '%s'.", req.GetInclusiveStartShardId())
		}
		if req.ShardLimit != nil && req.GetShardLimit() <= 0 {
			return invalid("The limit must be greater than 0.")
		}
		resp = &otsprotocol.DescribeStreamResponse{
			StreamId:       proto.String(table.Stream.ID),
			ExpirationTime: proto.Int32(table.Stream.Hours),
			TableName:      proto.String(table.Name),
			CreationTime:   proto.Int64(table.Stream.Since),
			StreamStatus:   otsprotocol.StreamStatus_STREAM_ACTIVE.Enum(),
			Shards:         []*otsprotocol.StreamShard{{ShardId: proto.String(table.Stream.shard())}},
		}
		return nil
	})
	return resp, err
}

// getShardIterator starts at a time in microseconds, else at the oldest record.
func (s *Server) getShardIterator(req *otsprotocol.GetShardIteratorRequest) (resp proto.Message, err error) {
	err = s.storage.view(func(t *txn) error {
		table, err := findStream(t, req.GetStreamId())
		if err != nil {
			return err
		}
		if req.GetShardId() != table.Stream.shard() {
			return invalid("Invalid shard id: '%s'.", req.GetShardId())
		}
		resp = &otsprotocol.GetShardIteratorResponse{ShardIterator: proto.String(iterator(table.Stream, req.GetTimestamp()))}
		return nil
	})
	return resp, err
}

func iterator(s stream, at int64) string { return s.shard() + "/" + strconv.FormatInt(max(at, 0), 36) }

func parseIterator(t *txn, text string) (table *schema, from int64, err error) {
	shard, position, _ := strings.Cut(text, "/")
	from, err = strconv.ParseInt(position, 36, 64)
	if err != nil || from < 0 {
		return nil, 0, invalid("Invalid shard iterator: '%s'.", text)
	}
	table, err = findStream(t, strings.TrimSuffix(shard, "_0"))
	return table, from, err
}

func (s *Server) getStreamRecord(req *otsprotocol.GetStreamRecordRequest) (proto.Message, error) {
	if req.GetNewRowReturnPolicy() > otsprotocol.NewRowReturnPolicy_NO_NEW_ROW || req.GetReturnSysColumns() {
		return nil, invalid("New rows and system columns in stream records are not supported by this emulator.")
	}
	limit := maxStreamRecords
	if req.Limit != nil {
		if req.GetLimit() <= 0 {
			return nil, invalid("The limit must be greater than 0.")
		}
		limit = min(limit, int(req.GetLimit()))
	}
	resp := new(otsprotocol.GetStreamRecordResponse)
	return resp, s.storage.view(func(t *txn) error {
		table, from, err := parseIterator(t, req.GetShardIterator())
		if err != nil {
			return err
		}
		return fillRecords(t, resp, table.Stream, from, limit, s.now())
	})
}

// fillRecords reads on from a time; the next iterator of a shard that has no
// more yet is the one that was given.
func fillRecords(t *txn, resp *otsprotocol.GetStreamRecordResponse, s stream, from int64, limit int, now time.Time) error {
	bytes := 0
	resp.MayMoreRecord = proto.Bool(false)
	for key, stored := range t.scan(s.space(), streamKey(from), false) {
		if len(resp.StreamRecords) >= limit || bytes >= scanBytes {
			resp.MayMoreRecord = proto.Bool(true)
			break
		}
		if s.expired(streamTime(key), now) {
			continue
		}
		record := new(otsprotocol.GetStreamRecordResponse_StreamRecord)
		if err := proto.Unmarshal(stored, record); err != nil {
			return fmt.Errorf("a stored record of stream %s: %w", s.ID, err)
		}
		resp.StreamRecords = append(resp.StreamRecords, record)
		bytes += len(stored)
		from = streamTime(key) + 1
	}
	resp.NextShardIterator = proto.String(iterator(s, from))
	resp.Consumed = readCapacity(bytes)
	return nil
}
