package store

import (
	"context"
	"errors"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
)

// readyBudget is how long a new table may take until it serves; in the cloud it
// is seconds, at times a minute.
const readyBudget = 2 * time.Minute

// keepEvents is how long an event is known to be done, and a dead letter waits for
// somebody: 90 days in seconds. No sender repeats an event for as long.
const keepEvents = 90 * 86400

// tableSpec is a table as CreateTables makes it. Times to live are Tablestore's
// shortest, a day, and two for sessions: they clean up; what holds is exp.
type tableSpec struct {
	name string
	key  []string
	ttl  int
}

func tableSpecs() []tableSpec {
	return []tableSpec{
		{tableTrust, []string{"p", "id"}, -1},
		{tableNonce, []string{"h"}, 86400},
		{tableSession, []string{"h"}, 172800},
		{tablePerson, []string{"idp", "id"}, -1},
		{tableEvent, []string{"p", "id"}, keepEvents},
	}
}

// CreateTables makes the tables that are missing, waits until all of them serve,
// and returns the names of those that it made. It is patient with a service that
// asks to come again, not with an address where nobody answers.
func CreateTables(ctx context.Context, c *Client) (created []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, readyBudget)
	defer cancel()
	for _, spec := range tableSpecs() {
		made, err := c.createTable(ctx, spec)
		if err != nil {
			return created, unavailable("creating "+spec.name, err)
		}
		if made {
			created = append(created, spec.name)
		}
	}
	for _, spec := range tableSpecs() {
		if _, err := c.get(ctx, spec.name, spec.probe()); err != nil {
			return created, unavailable("waiting for "+spec.name, err)
		}
	}
	return created, nil
}

// createTable asks until the answer is clear: tables may only be made so often.
func (c *Client) createTable(ctx context.Context, spec tableSpec) (made bool, err error) {
	for {
		made, err = c.tryTable(ctx, spec)
		if _, answered := errors.AsType[*tablestore.OtsError](err); !answered || !unclear(err) || ctx.Err() != nil {
			return made, err
		}
	}
}

func (c *Client) tryTable(ctx context.Context, spec tableSpec) (bool, error) {
	meta := &tablestore.TableMeta{TableName: spec.name}
	for _, name := range spec.key {
		meta.AddPrimaryKeyColumn(name, tablestore.PrimaryKeyType_STRING)
	}
	ctx, cancel := c.budgeted(ctx)
	defer cancel()
	_, err := call(ctx, c, func(sdk *tablestore.TableStoreClient) (*tablestore.CreateTableResponse, error) {
		return sdk.CreateTable(&tablestore.CreateTableRequest{
			TableMeta:          meta,
			TableOption:        &tablestore.TableOption{TimeToAlive: spec.ttl, MaxVersion: 1},
			ReservedThroughput: &tablestore.ReservedThroughput{},
		})
	})
	if isCode(err, codeExists) {
		return false, nil
	}
	return err == nil, err
}

// probe is a key under which there is nothing: asking for it shows whether the
// table serves, and that its key is what we think.
func (s tableSpec) probe() *tablestore.PrimaryKey {
	k := new(tablestore.PrimaryKey)
	for _, name := range s.key {
		k.AddPrimaryKeyColumn(name, "probe")
	}
	return k
}
