package tablestore

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore/otsprotocol"
	"github.com/golang/protobuf/proto"
)

// The service's limits, as its documentation states them.
const (
	maxTables     = 64
	maxKeyColumns = 4
	maxKeyLength  = 1024
	maxCellLength = 2 << 20
	maxCells      = 1024
	minTimeToLive = 86400
	defaultDrift  = 86400
	neverExpires  = -1
	maxNameLength = 255
)

// validName is the service's rule for tables and columns.
func validName(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != "" && len(name) <= maxNameLength
}

// schema is what CreateTable and UpdateTable said about a table; it is stored as JSON.
type schema struct {
	Name        string
	ID          string // names the spaces of its rows; another for every table that has had this name
	Key         []keyColumn
	Defined     []definedColumn `json:",omitempty"`
	TimeToLive  int32           // seconds; -1: cells never expire
	MaxVersions int32
	Drift       int64 // seconds by which a timestamp that the client chose may differ from now
	AllowUpdate bool
	FullRow     bool  // stored and told, nothing else: what it means for cells is not documented
	Read, Write int32 // reserved capacity units, which are stored and never applied
	ReservedAt  int64 // seconds
	Stream      stream
}

type keyColumn struct {
	Name          string
	Type          otsprotocol.PrimaryKeyType
	AutoIncrement bool `json:",omitempty"`
}

type definedColumn struct {
	Name string
	Type otsprotocol.DefinedColumnType
}

func (s *schema) rows() string { return "rows/" + s.ID }

func (s *schema) counters() string { return "counters/" + s.ID }

// spaces are all that the table's rows have put things into.
func (s *schema) spaces() []string {
	if s.Stream.Enabled {
		return []string{s.rows(), s.counters(), s.Stream.space()}
	}
	return []string{s.rows(), s.counters()}
}

// schemaCache spares decoding a schema for every row.
type schemaCache struct {
	mu     sync.Mutex
	parsed map[string]parsedSchema
}

type parsedSchema struct {
	stored []byte
	schema *schema
}

func (c *schemaCache) parse(name string, stored []byte) (*schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.parsed[name]; ok && bytes.Equal(known.stored, stored) {
		return known.schema, nil
	}
	s := new(schema)
	if err := json.Unmarshal(stored, s); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", name, err)
	}
	c.parsed[name] = parsedSchema{bytes.Clone(stored), s}
	return s, nil
}

// loadSchema returns a table's schema, which nobody changes.
func loadSchema(t *txn, table string) (*schema, error) {
	stored := t.get(spaceSchemas, table)
	if stored == nil {
		return nil, tableMissing()
	}
	return t.schemas.parse(table, stored)
}

func (s *schema) store(t *txn) error {
	encoded, err := json.Marshal(s)
	if err == nil {
		t.put(spaceSchemas, s.Name, encoded)
	}
	return err
}

// parseSchema checks a CreateTable request; what this server does not do
// (indexes, encryption, transactions) is refused by name.
func parseSchema(req *otsprotocol.CreateTableRequest, now time.Time) (schema, error) {
	meta := req.GetTableMeta()
	if err := refuseFeatures(req); err != nil {
		return schema{}, err
	}
	if !validName(meta.GetTableName()) {
		return schema{}, invalid("Invalid table name: '%s'.", meta.GetTableName())
	}
	key, err := parseKeyColumns(meta.GetPrimaryKey())
	if err != nil {
		return schema{}, err
	}
	s := schema{
		Name: meta.GetTableName(), Key: key, MaxVersions: -1, Drift: defaultDrift, AllowUpdate: true,
		ID: meta.GetTableName() + "/" + requestID(),
	}
	for _, column := range meta.GetDefinedColumn() {
		s.Defined = append(s.Defined, definedColumn{column.GetName(), column.GetType()})
	}
	options := req.GetTableOptions()
	if options == nil || options.TimeToLive == nil || options.MaxVersions == nil {
		return schema{}, invalid("Both TimeToLive and MaxVersions must be set for table creation.")
	}
	if err := s.setOptions(options); err != nil {
		return schema{}, err
	}
	if err := s.setReserved(req.GetReservedThroughput(), now); err != nil {
		return schema{}, err
	}
	return s, s.setStream(req.GetStreamSpec(), now)
}

func refuseFeatures(req *otsprotocol.CreateTableRequest) error {
	switch {
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
		if !validName(column.GetName()) {
			return nil, invalid("Invalid column name: '%s'.", column.GetName())
		}
		if slices.ContainsFunc(key, func(k keyColumn) bool { return k.Name == column.GetName() }) {
			return nil, invalid("Duplicated primary key name: '%s'.", column.GetName())
		}
		if _, known := otsprotocol.PrimaryKeyType_name[int32(column.GetType())]; !known {
			return nil, invalid("Invalid type of primary key column: '%s'.", column.GetName())
		}
		if err := checkAutoIncrement(key, column); err != nil {
			return nil, err
		}
		key = append(key, keyColumn{column.GetName(), column.GetType(), column.Option != nil})
	}
	return key, nil
}

// checkAutoIncrement lets at most one column count by itself: an integer, and
// not the partition key.
func checkAutoIncrement(before []keyColumn, column *otsprotocol.PrimaryKeySchema) error {
	switch {
	case column.Option == nil:
		return nil
	case column.GetOption() != otsprotocol.PrimaryKeyOption_AUTO_INCREMENT:
		return invalid("Invalid option of primary key column: '%s'.", column.GetName())
	case len(before) == 0:
		return invalid("The first primary key column can not be AUTO_INCREMENT.")
	case column.GetType() != otsprotocol.PrimaryKeyType_INTEGER:
		return invalid("The type of the AUTO_INCREMENT primary key column: '%s' must be INTEGER.", column.GetName())
	case slices.ContainsFunc(before, func(k keyColumn) bool { return k.AutoIncrement }):
		return invalid("The number of AUTO_INCREMENT primary key columns must not exceed 1.")
	}
	return nil
}

// setOptions changes what the request names and leaves the rest be.
func (s *schema) setOptions(o *otsprotocol.TableOptions) error {
	if o.UpdateFullRow != nil {
		s.FullRow = o.GetUpdateFullRow()
	}
	if o.TimeToLive != nil {
		if s.TimeToLive = o.GetTimeToLive(); s.TimeToLive != neverExpires && s.TimeToLive < minTimeToLive {
			return invalid("TimeToLive must be -1 or at least %d.", minTimeToLive)
		}
	}
	if o.MaxVersions != nil {
		if s.MaxVersions = o.GetMaxVersions(); s.MaxVersions <= 0 {
			return invalid("MaxVersions must be greater than 0.")
		}
	}
	if o.DeviationCellVersionInSec != nil {
		if s.Drift = o.GetDeviationCellVersionInSec(); s.Drift <= 0 {
			return invalid("DeviationCellVersionInSec must be greater than 0.")
		}
	}
	if o.AllowUpdate != nil {
		s.AllowUpdate = o.GetAllowUpdate()
	}
	return nil
}

func (s *schema) setReserved(r *otsprotocol.ReservedThroughput, now time.Time) error {
	if r == nil {
		return nil
	}
	units := r.GetCapacityUnit()
	if units.GetRead() < 0 || units.GetWrite() < 0 {
		return invalid("The reserved throughput must not be negative.")
	}
	s.ReservedAt = now.Unix()
	if units.Read != nil {
		s.Read = units.GetRead()
	}
	if units.Write != nil {
		s.Write = units.GetWrite()
	}
	return nil
}

// update is UpdateTable: what the request does not name stays as it is.
func (s *schema) update(req *otsprotocol.UpdateTableRequest, now time.Time) error {
	if o := req.GetTableOptions(); o != nil {
		if o.UpdateFullRow != nil {
			return invalid("UpdateTable must not contain updateFullRow.")
		}
		if err := s.setOptions(o); err != nil {
			return err
		}
	}
	if err := s.setReserved(req.GetReservedThroughput(), now); err != nil {
		return err
	}
	return s.setStream(req.GetStreamSpec(), now)
}

// describe fills every optional field: the Go SDK reads them without looking.
func (s *schema) describe() *otsprotocol.DescribeTableResponse {
	meta := &otsprotocol.TableMeta{TableName: proto.String(s.Name)}
	for _, column := range s.Key {
		described := &otsprotocol.PrimaryKeySchema{Name: proto.String(column.Name), Type: column.Type.Enum()}
		if column.AutoIncrement {
			described.Option = otsprotocol.PrimaryKeyOption_AUTO_INCREMENT.Enum()
		}
		meta.PrimaryKey = append(meta.PrimaryKey, described)
	}
	for _, column := range s.Defined {
		meta.DefinedColumn = append(meta.DefinedColumn, &otsprotocol.DefinedColumnSchema{Name: proto.String(column.Name), Type: column.Type.Enum()})
	}
	return &otsprotocol.DescribeTableResponse{
		TableMeta:                 meta,
		ReservedThroughputDetails: s.describeReserved(),
		TableOptions:              s.describeOptions(),
		TableStatus:               otsprotocol.TableStatus_ACTIVE.Enum(),
		StreamDetails:             s.Stream.describe(),
	}
}

func (s *schema) describeUpdate() *otsprotocol.UpdateTableResponse {
	return &otsprotocol.UpdateTableResponse{
		ReservedThroughputDetails: s.describeReserved(),
		TableOptions:              s.describeOptions(),
		StreamDetails:             s.Stream.describe(),
	}
}

func (s *schema) describeReserved() *otsprotocol.ReservedThroughputDetails {
	return &otsprotocol.ReservedThroughputDetails{
		CapacityUnit:     &otsprotocol.CapacityUnit{Read: proto.Int32(s.Read), Write: proto.Int32(s.Write)},
		LastIncreaseTime: proto.Int64(s.ReservedAt),
		LastDecreaseTime: proto.Int64(0),
	}
}

func (s *schema) describeOptions() *otsprotocol.TableOptions {
	return &otsprotocol.TableOptions{
		TimeToLive:                proto.Int32(s.TimeToLive),
		MaxVersions:               proto.Int32(s.MaxVersions),
		DeviationCellVersionInSec: proto.Int64(s.Drift),
		AllowUpdate:               proto.Bool(s.AllowUpdate),
		UpdateFullRow:             proto.Bool(s.FullRow),
	}
}

// keyUse says what a key may hold beside plain values.
type keyUse int

const (
	exactKey  keyUse = iota // of a row that is read or deleted
	rangeKey                // INF_MIN and INF_MAX: an end of a range
	insertKey               // AUTO_INCREMENT, in the column that counts: a row that is written
)

// checkKey holds a key against the schema.
func (s *schema) checkKey(key []cell, use keyUse) error {
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
		if use == rangeKey && (c.value.kind == kindMin || c.value.kind == kindMax) {
			continue
		}
		if use == insertKey && want.AutoIncrement && c.value.kind == kindAutoIncrement {
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
