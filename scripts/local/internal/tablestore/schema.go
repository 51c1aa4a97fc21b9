package tablestore

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore/otsprotocol"
	"github.com/golang/protobuf/proto"
	bolt "go.etcd.io/bbolt"
)

// The service's limits, as its documentation states them.
const (
	maxTables       = 64
	maxKeyColumns   = 4
	maxKeyLength    = 1024
	maxCellLength   = 2 << 20
	maxCells        = 1024
	minTimeToLive   = 86400
	defaultDrift    = 86400
	neverExpires    = -1
	bucketOfSchemas = "schemas"
	bucketOfRows    = "rows/"
)

var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,254}$`)

func schemaBucket() []byte { return []byte(bucketOfSchemas) }

func rowBucket(table string) []byte { return []byte(bucketOfRows + table) }

// schema is what CreateTable said about a table; it is stored as JSON.
type schema struct {
	Name        string
	Key         []keyColumn
	TimeToLive  int32 // seconds; -1: cells never expire
	MaxVersions int32
	Drift       int64 // seconds by which a timestamp that the client chose may differ from now
	AllowUpdate bool
}

type keyColumn struct {
	Name string
	Type otsprotocol.PrimaryKeyType
}

// loadSchema returns a table's schema and the bucket that holds its rows.
func loadSchema(tx *bolt.Tx, table string) (schema, *bolt.Bucket, error) {
	stored := tx.Bucket(schemaBucket()).Get([]byte(table))
	if stored == nil {
		return schema{}, nil, tableMissing()
	}
	var s schema
	if err := json.Unmarshal(stored, &s); err != nil {
		return schema{}, nil, fmt.Errorf("schema of %s: %w", table, err)
	}
	return s, tx.Bucket(rowBucket(table)), nil
}

// parseSchema checks a CreateTable request; what this server does not do (auto
// increment, indexes, streams, encryption, transactions) is refused by name.
func parseSchema(req *otsprotocol.CreateTableRequest) (schema, error) {
	meta := req.GetTableMeta()
	if err := refuseFeatures(req); err != nil {
		return schema{}, err
	}
	if !nameForm.MatchString(meta.GetTableName()) {
		return schema{}, invalid("Invalid table name: '%s'.", meta.GetTableName())
	}
	key, err := parseKeyColumns(meta.GetPrimaryKey())
	if err != nil {
		return schema{}, err
	}
	s := schema{Name: meta.GetTableName(), Key: key}
	return s, s.setOptions(req.GetTableOptions())
}

func refuseFeatures(req *otsprotocol.CreateTableRequest) error {
	switch {
	case req.GetStreamSpec().GetEnableStream():
		return invalid("Streams are not supported by this emulator.")
	case len(req.GetIndexMetas()) > 0 || len(req.GetTableMeta().GetIndexMeta()) > 0:
		return invalid("Secondary indexes are not supported by this emulator.")
	case req.GetSseSpec().GetEnable():
		return invalid("Server side encryption is not supported by this emulator.")
	case req.GetEnableLocalTxn():
		return invalid("Local transactions are not supported by this emulator.")
	}
	return nil
}

func parseKeyColumns(columns []*otsprotocol.PrimaryKeySchema) ([]keyColumn, error) {
	if len(columns) < 1 || len(columns) > maxKeyColumns {
		return nil, invalid("The number of primary key columns must be in range: [1, %d].", maxKeyColumns)
	}
	var key []keyColumn
	for _, column := range columns {
		if !nameForm.MatchString(column.GetName()) {
			return nil, invalid("Invalid column name: '%s'.", column.GetName())
		}
		if slices.ContainsFunc(key, func(k keyColumn) bool { return k.Name == column.GetName() }) {
			return nil, invalid("Duplicated primary key name: '%s'.", column.GetName())
		}
		if _, known := otsprotocol.PrimaryKeyType_name[int32(column.GetType())]; !known {
			return nil, invalid("Invalid type of primary key column: '%s'.", column.GetName())
		}
		if column.Option != nil {
			return nil, invalid("Auto increment keys are not supported by this emulator.")
		}
		key = append(key, keyColumn{column.GetName(), column.GetType()})
	}
	return key, nil
}

func (s *schema) setOptions(o *otsprotocol.TableOptions) error {
	if o == nil || o.TimeToLive == nil || o.MaxVersions == nil {
		return invalid("Both TimeToLive and MaxVersions must be set for table creation.")
	}
	if ttl := o.GetTimeToLive(); ttl != neverExpires && ttl < minTimeToLive {
		return invalid("TimeToLive must be -1 or at least %d.", minTimeToLive)
	}
	if o.GetMaxVersions() <= 0 {
		return invalid("MaxVersions must be greater than 0.")
	}
	s.TimeToLive, s.MaxVersions = o.GetTimeToLive(), o.GetMaxVersions()
	s.Drift, s.AllowUpdate = defaultDrift, true
	if o.DeviationCellVersionInSec != nil {
		s.Drift = o.GetDeviationCellVersionInSec()
	}
	if o.AllowUpdate != nil {
		s.AllowUpdate = o.GetAllowUpdate()
	}
	return nil
}

// describe fills every optional field: the Go SDK reads them without looking.
func (s *schema) describe() *otsprotocol.DescribeTableResponse {
	meta := &otsprotocol.TableMeta{TableName: proto.String(s.Name)}
	for _, column := range s.Key {
		meta.PrimaryKey = append(meta.PrimaryKey, &otsprotocol.PrimaryKeySchema{Name: proto.String(column.Name), Type: column.Type.Enum()})
	}
	return &otsprotocol.DescribeTableResponse{
		TableMeta: meta,
		ReservedThroughputDetails: &otsprotocol.ReservedThroughputDetails{
			CapacityUnit:     capacity(0, 0),
			LastIncreaseTime: proto.Int64(0),
			LastDecreaseTime: proto.Int64(0),
		},
		TableOptions: &otsprotocol.TableOptions{
			TimeToLive:                proto.Int32(s.TimeToLive),
			MaxVersions:               proto.Int32(s.MaxVersions),
			DeviationCellVersionInSec: proto.Int64(s.Drift),
			AllowUpdate:               proto.Bool(s.AllowUpdate),
			UpdateFullRow:             proto.Bool(false),
		},
		TableStatus:   otsprotocol.TableStatus_ACTIVE.Enum(),
		StreamDetails: &otsprotocol.StreamDetails{EnableStream: proto.Bool(false)},
	}
}

// checkKey holds a key against the schema. bound permits INF_MIN and INF_MAX,
// which only the ends of a range may name.
func (s *schema) checkKey(key []cell, bound bool) error {
	if len(key) != len(s.Key) {
		return invalidKey("Validate PK size fail. Input: %d, Meta: %d.", len(key), len(s.Key))
	}
	for i, c := range key {
		want := s.Key[i]
		if c.name != want.Name {
			return invalidKey("Validate PK name fail. Input: %s, Meta: %s.", c.name, want.Name)
		}
		if c.value == nil || c.operation != 0 || c.timestamp != nil {
			return invalid("The primary key column: '%s' must be a plain value.", c.name)
		}
		if bound && (c.value.kind == kindMin || c.value.kind == kindMax) {
			continue
		}
		if name, ok := keyTypes(want.Type, c.value.kind); !ok {
			return invalidKey("Validate PK type fail. Input: %s, Meta: VT_%s.", name, want.Type)
		}
		if n := len(c.value.data); n > maxKeyLength {
			return invalid("The length of primary key column: '%s' exceeds the MaxLength:%d with CurrentLength:%d.", c.name, maxKeyLength, n)
		}
	}
	return nil
}

// keyTypes names the kind of a value and says whether a key column of this type
// may hold it.
func keyTypes(t otsprotocol.PrimaryKeyType, k kind) (string, bool) {
	switch k {
	case kindInteger:
		return "VT_INTEGER", t == otsprotocol.PrimaryKeyType_INTEGER
	case kindString:
		return "VT_STRING", t == otsprotocol.PrimaryKeyType_STRING
	case kindBinary:
		return "VT_BLOB", t == otsprotocol.PrimaryKeyType_BINARY
	case kindDouble:
		return "VT_DOUBLE", false
	case kindBoolean:
		return "VT_BOOLEAN", false
	case kindMin:
		return "VT_INF_MIN", false
	case kindMax:
		return "VT_INF_MAX", false
	case kindAutoIncrement:
		return "VT_AUTO_INCREMENT", false
	}
	return "VT_NULL", false
}

func (s *schema) isKey(column string) bool {
	return slices.ContainsFunc(s.Key, func(k keyColumn) bool { return k.Name == column })
}

// alive says whether a cell written at this time (milliseconds) is readable.
func (s *schema) alive(timestamp int64, now time.Time) bool {
	return s.TimeToLive == neverExpires || timestamp/1000+int64(s.TimeToLive) > now.Unix()
}
