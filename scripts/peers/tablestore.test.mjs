// The embedded Tablestore server, judged by a client that shares nothing with
// the Go SDK: the npm package `tablestore` has a codec, a signer and a meaning of
// passIfMissing of its own. Run by `./scripts/test peers`. Each scenario is one
// call on a table of its own and what it answers: a row as "a/1 x=1", or a
// refusal as "STATUS CODE message", with … where the beginning is enough. The
// client has no stream actions and no atomic batches.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import TableStore from 'tablestore';

const { Long, INF_MIN, INF_MAX, PK_AUTO_INCR, ComparatorType: Is, LogicalOperator: Op } = TableStore;
const { IGNORE, EXPECT_EXIST, EXPECT_NOT_EXIST } = TableStore.RowExistenceExpectation;
const root = fileURLToPath(new URL('../..', import.meta.url));

let server, data, ready, client;

before(async () => {
  data = mkdtempSync(path.join(tmpdir(), 'fc-sso-tablestore-'));
  server = spawn('go', ['run', './scripts/local', '-only', 'tablestore', '-data', data], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  ready = await new Promise((resolve, reject) => {
    createInterface({ input: server.stdout }).on('line', (text) => {
      if (text.startsWith('READY ')) resolve(JSON.parse(text.slice('READY '.length)));
    });
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
  });
  client = connect();
}, { timeout: 300_000 });

after(async () => {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  if (ready) process.kill(ready.pid, 'SIGTERM');
  await ended;
  rmSync(data, { recursive: true, force: true });
});

function connect(other = {}) {
  const { endpoint, instance, access_key_id: accessKeyId, access_key_secret: secretAccessKey } = ready.tablestore;
  return new TableStore.Client({ endpoint, instancename: instance, accessKeyId, secretAccessKey, ...other });
}

const kinds = Object.fromEntries(Object.entries(TableStore.PrimaryKeyType).map(([name, number]) => [number, name]));
const int = (n) => Long.fromNumber(n);
const key = (p, n) => [{ p }, { n: int(n) }];
const lowest = [{ p: INF_MIN }, { n: INF_MIN }];
const highest = [{ p: INF_MAX }, { n: INF_MAX }];
const whether = (existence, columns = null) => new TableStore.Condition(existence, columns);
const single = (name, value, how = Is.EQUAL, passIfMissing = false) => new TableStore.SingleColumnCondition(name, value, how, passIfMissing, true);

function combined(operator, ...parts) {
  const all = new TableStore.CompositeCondition(operator);
  parts.forEach((part) => all.addSubCondition(part));
  return all;
}

// refusal reads an error. The client knows no Error message: its code is the
// HTTP status, and its text the bytes of the protobuf and the request's ID.
function refusal(error) {
  const [, code, message] = /^\n[^]((?:OTS)[A-Za-z]+)\x12[^]([^]*) requestId:[0-9a-f]+$/.exec(error.message) ?? [];
  if (!code) throw error;
  return `${error.code} ${code} ${message}`;
}

function valueText(value) {
  if (Buffer.isBuffer(value)) return `0x${value.toString('hex')}`;
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'object' ? value.toString() : String(value);
}

const columnText = ({ columnName, columnValue }) => `${columnName}=${valueText(columnValue)}`;

function rowText({ primaryKey, attributes }) {
  if (!primaryKey?.length) return 'absent';
  const name = primaryKey.map(({ value }) => (typeof value === 'string' ? value : valueText(value))).join('/');
  return [name, ...(attributes ?? []).map(columnText)].join(' ');
}

const resultText = (row) => (row.isOk ? rowText(row) : `${row.errorCode} ${row.errorMessage}`);

// Table is a scenario's own table and the calls on it.
class Table {
  constructor(name) { this.name = name; }

  async create(options = {}, primaryKey = [{ name: 'p', type: 'STRING' }, { name: 'n', type: 'INTEGER' }], more = {}) {
    await client.createTable({
      tableMeta: { tableName: this.name, primaryKey },
      reservedThroughput: { capacityUnit: { read: 0, write: 0 } },
      tableOptions: { timeToLive: -1, maxVersions: 1, ...options },
      ...more,
    });
    return 'created';
  }

  async withRow(options) {
    await this.create(options);
    await this.put('a', 1, { x: int(1), y: 'two' });
  }

  async describe() {
    const { tableMeta, tableOptions: o, streamDetails: s } = await client.describeTable({ tableName: this.name });
    const columns = tableMeta.primaryKey.map((column) => `${column.name}:${kinds[column.type]}${Object.hasOwn(column, 'option') ? ':numbered' : ''}`);
    return `${columns} ttl=${o.timeToLive} versions=${o.maxVersions} deviation=${o.deviationCellVersionInSec} update=${o.allowUpdate} stream=${s.enableStream}`;
  }

  async update(tableOptions, more) {
    await client.updateTable({ tableName: this.name, tableOptions, ...more });
    return this.describe();
  }

  async drop() { await client.deleteTable({ tableName: this.name }); return 'dropped'; }

  async put(p, n, columns, condition = whether(IGNORE), returnContent = undefined) {
    const attributeColumns = Object.entries(columns).map(([name, value]) => ({ [name]: value }));
    return this.write('putRow', { primaryKey: key(p, n), attributeColumns, condition, returnContent });
  }

  async change(p, n, updateOfAttributeColumns, condition = whether(IGNORE), returnContent = undefined) {
    return this.write('updateRow', { primaryKey: key(p, n), updateOfAttributeColumns, condition, returnContent });
  }

  async remove(p, n, condition = whether(IGNORE)) { return this.write('deleteRow', { primaryKey: key(p, n), condition }); }

  async write(action, params) {
    const { row } = await client[action]({ tableName: this.name, ...params });
    const columns = (row.attributes ?? []).map(columnText).join(' ');
    return columns || (row.primaryKey?.length ? rowText(row) : 'done');
  }

  async get(p = 'a', n = 1, params = {}) {
    const { row } = await client.getRow({ tableName: this.name, primaryKey: key(p, n), maxVersions: 1, ...params });
    return rowText(row);
  }

  async scan(params = {}) {
    const { rows, nextStartPrimaryKey } = await client.getRange({
      tableName: this.name, direction: TableStore.Direction.FORWARD, inclusiveStartPrimaryKey: lowest, exclusiveEndPrimaryKey: highest, ...params,
    });
    return rows.map(rowText).join(', ') + (nextStartPrimaryKey ? `, then ${rowText({ primaryKey: nextStartPrimaryKey })}` : '');
  }

  async read(keys, params = {}) {
    const { tables } = await client.batchGetRow({ tables: [{ tableName: this.name, primaryKey: keys, ...params }] });
    return tables.flat().map(resultText).join('; ');
  }

  async batch(rows, more = []) {
    const { tables } = await client.batchWriteRow({ tables: [{ tableName: this.name, rows }, ...more] });
    return tables.map((row) => (row.isOk && !row.primaryKey?.length ? 'done' : resultText(row))).join('; ');
  }

  async fourRows() {
    await this.create();
    for (const [p, n] of [['b', 1], ['a', 2], ['ab', 0], ['a', -1]]) await this.put(p, n, {});
  }

  async auto(options) {
    return this.create(options, [{ name: 'p', type: 'STRING' }, { name: 'n', type: 'INTEGER', option: 'AUTO_INCREMENT' }]);
  }

  async next(condition = whether(IGNORE)) {
    return this.write('putRow', { primaryKey: [{ p: 'a' }, { n: PK_AUTO_INCR }], attributeColumns: [], condition, returnContent: { returnType: 1 } });
  }
}

const putting = (p, n, condition = whether(IGNORE), returnType = 0) => ({
  type: 'PUT', condition, primaryKey: key(p, n), attributeColumns: [{ x: int(9) }], returnContent: { returnType },
});
const absent = '404 OTSObjectNotExist Requested table does not exist.';
const conditionRefused = '403 OTSConditionCheckFail Condition check failed.';
const invalid = '400 OTSParameterInvalid …';
const row = 'a/1 x=1 y="two"';
const afterModify = (...returnColumns) => ({ returnType: TableStore.ReturnType.AfterModify, returnColumns });
const withRow = (t) => t.withRow();
const created = (t) => t.create();
const nothing = () => {};

// Each scenario: what it is, what there was, the call, the answer.
const scenarios = {
  tables: [
    ['created', nothing, (t) => t.create(), 'created'],
    ['described', created, (t) => t.describe(), 'p:STRING,n:INTEGER ttl=-1 versions=1 deviation=86400 update=true stream=false'],
    ['with options', (t) => t.create({ timeToLive: 86400, maxVersions: 5, maxTimeDeviation: 3600, allowUpdate: false }), (t) => t.describe(),
      'p:STRING,n:INTEGER ttl=86400 versions=5 deviation=3600 update=false stream=false'],
    ['with a stream', (t) => t.create({}, undefined, { streamSpecification: { enableStream: true, expirationTime: 24 } }), (t) => t.describe(),
      'p:STRING,n:INTEGER ttl=-1 versions=1 deviation=86400 update=true stream=true'],
    ['a taken name', created, (t) => t.create(), '409 OTSObjectAlreadyExist Requested table already exists.'],
    ['a bad name', nothing, () => new Table('1-x').create(), "400 OTSParameterInvalid Invalid table name: '1-x'."],
    ['a bad column name', nothing, (t) => t.create({}, [{ name: 'a b', type: 'STRING' }]), "400 OTSParameterInvalid Invalid column name: 'a b'."],
    ['a column twice', nothing, (t) => t.create({}, [{ name: 'a', type: 'STRING' }, { name: 'a', type: 'STRING' }]),
      "400 OTSParameterInvalid Duplicated primary key name: 'a'."],
    ['no key', nothing, (t) => t.create({}, []), '400 OTSParameterInvalid The number of primary key columns must be in range: [1, 4].'],
    ['cells that live an hour', nothing, (t) => t.create({ timeToLive: 3600 }), invalid],
    ['listed', created, async (t) => (await client.listTable()).tableNames.includes(t.name), 'true'],
    ['dropped', created, (t) => t.drop(), 'dropped'],
    ['dropped, and no longer listed', async (t) => { await t.create(); await t.drop(); },
      async (t) => (await client.listTable()).tableNames.includes(t.name), 'false'],
    ['dropped and made again', async (t) => { await t.withRow(); await t.drop(); await t.create(); }, (t) => t.get(), 'absent'],
    ['describing none', nothing, (t) => t.describe(), absent],
    ['dropping none', nothing, (t) => t.drop(), absent],
    ['updating none', nothing, (t) => t.update({ maxVersions: 2 }), absent],
    ['an update of one option', (t) => t.create({ timeToLive: 90000, maxVersions: 7 }), (t) => t.update({ allowUpdate: false }),
      'p:STRING,n:INTEGER ttl=90000 versions=7 deviation=86400 update=false stream=false'],
    ['an update of the others', created, (t) => t.update({ timeToLive: 86400, maxVersions: 2, maxTimeDeviation: 60 }),
      'p:STRING,n:INTEGER ttl=86400 versions=2 deviation=60 update=true stream=false'],
    ['a stream switched on', created, (t) => t.update({}, { streamSpecification: { enableStream: true, expirationTime: 24 } }),
      'p:STRING,n:INTEGER ttl=-1 versions=1 deviation=86400 update=true stream=true'],
    ['an update to no version', created, (t) => t.update({ maxVersions: 0 }), invalid],
    ['a row updated where updates are forbidden', (t) => t.withRow({ allowUpdate: false }), (t) => t.change('a', 1, [{ PUT: [{ x: int(2) }] }]),
      '400 OTSParameterInvalid Update operation is not allowed in this table …'],
  ],
  rows: [
    ['of every type', async (t) => { await t.create(); await t.put('a', 1, { s: '表格存储', i: int(-7), d: -0.32, b: true, r: Buffer.from([0, 255]) }); },
      (t) => t.get(), 'a/1 b=true d=-0.32 i=-7 r=0x00ff s="表格存储"'],
    ['with a binary key', async (t) => {
      await t.create({}, [{ name: 'k', type: 'BINARY' }]);
      await t.write('putRow', { primaryKey: [{ k: Buffer.from([0, 1]) }], attributeColumns: [{ x: true }], condition: whether(IGNORE) });
    }, async (t) => rowText((await client.getRow({ tableName: t.name, primaryKey: [{ k: Buffer.from([0, 1]) }] })).row), '0x0001 x=true'],
    ['without columns', async (t) => { await t.create(); await t.put('a', 1, {}); }, (t) => t.get(), 'a/1'],
    ['put again', async (t) => { await t.withRow(); await t.put('a', 1, { z: true }); }, (t) => t.get(), 'a/1 z=true'],
    ['the key comes back', created, (t) => t.put('a', 1, {}, whether(IGNORE), { returnType: TableStore.ReturnType.Primarykey }), 'a/1'],
    ['put where one is', withRow, (t) => t.put('a', 1, {}, whether(EXPECT_NOT_EXIST)), conditionRefused],
    ['put where one is, as expected', withRow, (t) => t.put('a', 1, {}, whether(EXPECT_EXIST)), 'done'],
    ['put where none is', withRow, (t) => t.put('b', 1, {}, whether(EXPECT_EXIST)), conditionRefused],
    ['put where none is, as expected', withRow, (t) => t.put('b', 1, {}, whether(EXPECT_NOT_EXIST)), 'done'],
    ['put into no table', nothing, (t) => t.put('a', 1, {}), absent],
    ['not a number', created, (t) => t.put('a', 1, { x: NaN }), invalid],
    ['updated', async (t) => { await t.withRow(); await t.change('a', 1, [{ PUT: [{ z: true }, { x: 'new' }] }, { DELETE_ALL: ['y'] }]); },
      (t) => t.get(), 'a/1 x="new" z=true'],
    ['updated, and made so', async (t) => { await t.create(); await t.change('a', 1, [{ PUT: [{ x: int(1) }] }]); }, (t) => t.get(), 'a/1 x=1'],
    ['updated by deletions alone', async (t) => { await t.create(); await t.change('a', 1, [{ DELETE_ALL: ['x'] }]); }, (t) => t.get(), 'absent'],
    ['updated by nothing', withRow, (t) => t.change('a', 1, []), '400 OTSParameterInvalid Attribute column is missing.'],
    ['updated where none is', created, (t) => t.change('a', 1, [{ PUT: [{ x: true }] }], whether(EXPECT_EXIST)), conditionRefused],
    ['one version deleted', async (t) => {
      const now = Date.now();
      await t.create({ maxVersions: 3 });
      for (const at of [now - 2, now - 1, now]) {
        await t.change('a', 1, [{ PUT: [{ v: int(at - now), timestamp: int(at) }] }]);
      }
      await t.change('a', 1, [{ DELETE: [{ v: int(now - 1) }] }]);
    }, (t) => t.get('a', 1, { maxVersions: 3 }), 'a/1 v=0 v=-2'],
    ['counted', withRow, (t) => t.change('a', 1, [{ INCREMENT: [{ x: int(41) }] }], whether(IGNORE), afterModify('x')), 'x=42'],
    ['counted from nothing', created, (t) => t.change('a', 1, [{ INCREMENT: [{ x: int(5) }] }], whether(IGNORE), afterModify('x')), 'x=5'],
    ['text counted', withRow, (t) => t.change('a', 1, [{ INCREMENT: [{ y: int(1) }] }]), invalid],
    ['deleted', async (t) => { await t.withRow(); await t.remove('a', 1); }, (t) => t.get(), 'absent'],
    ['deleted where none is', created, (t) => t.remove('a', 1), 'done'],
    ['deleted where none is, and one was expected', created, (t) => t.remove('a', 1, whether(EXPECT_EXIST)), conditionRefused],
    ['deleted where one is, and none was expected', withRow, (t) => t.remove('a', 1, whether(EXPECT_NOT_EXIST)), conditionRefused],
    ['an old timestamp', created, (t) => t.write('putRow', {
      primaryKey: key('a', 1), attributeColumns: [{ x: true, timestamp: Date.now() - 25 * 3600_000 }], condition: whether(IGNORE),
    }), '400 OTSParameterInvalid Invalid timestamp…'],
    ['a short key', created, (t) => t.write('putRow', { primaryKey: [{ p: 'a' }], attributeColumns: [], condition: whether(IGNORE) }),
      '400 OTSInvalidPK Validate PK size fail. Input: 1, Meta: 2.'],
    ["another's key", created, (t) => t.write('putRow', { primaryKey: [{ p: 'a' }, { X: int(1) }], attributeColumns: [], condition: whether(IGNORE) }),
      '400 OTSInvalidPK Validate PK name fail. Input: X, Meta: n.'],
    ["a key of another type", created, (t) => t.write('putRow', { primaryKey: [{ p: 'a' }, { n: 'x' }], attributeColumns: [], condition: whether(IGNORE) }),
      '400 OTSInvalidPK Validate PK type fail…'],
    ['a long key', created, (t) => t.put('x'.repeat(1025), 1, {}),
      "400 OTSParameterInvalid The length of primary key column: 'p' exceeds the MaxLength:1024 with CurrentLength:1025."],
    ['a long column', created, (t) => t.put('a', 1, { x: 'x'.repeat(2 ** 21 + 1) }),
      "400 OTSParameterInvalid The length of attribute column: 'x' exceeds the MaxLength:2097152 with CurrentLength:2097153."],
    ['a body too large', created, (t) => t.put('a', 1, { x: 'x'.repeat(2 ** 21), y: 'y'.repeat(2 ** 21), z: 'z'.repeat(2 ** 21) }), '413 OTSRequestBodyTooLarge …'],
  ],
  conditions: [
    ['that holds', withRow, (t) => t.put('a', 1, {}, whether(IGNORE, single('x', int(1)))), 'done'],
    ['that fails', withRow, (t) => t.put('a', 1, {}, whether(IGNORE, single('x', int(2)))), conditionRefused],
    ['greater', withRow, (t) => t.put('a', 1, {}, whether(IGNORE, single('x', int(0), Is.GREATER_THAN))), 'done'],
    ['of an update', withRow, (t) => t.change('a', 1, [{ PUT: [{ x: int(2) }] }], whether(EXPECT_EXIST, single('x', int(2)))), conditionRefused],
    ['of a deletion', withRow, (t) => t.remove('a', 1, whether(IGNORE, single('y', 'three'))), conditionRefused],
    ['missing, and that passes', withRow, (t) => t.put('a', 1, {}, whether(IGNORE, single('none', 'x', Is.EQUAL, true))), 'done'],
    ['missing, and that fails', withRow, (t) => t.put('a', 1, {}, whether(IGNORE, single('none', 'x', Is.EQUAL, false))), conditionRefused],
    ['no row, and that passes', created, (t) => t.put('a', 1, {}, whether(IGNORE, single('x', 'x', Is.EQUAL, true))), 'done'],
    ['no row, and that fails', created, (t) => t.put('a', 1, {}, whether(IGNORE, single('x', 'x', Is.EQUAL, false))), conditionRefused],
    ['and', withRow, (t) => t.put('a', 1, {}, whether(IGNORE, combined(Op.AND, single('x', int(1)), single('y', 'two')))), 'done'],
    ['or', withRow, (t) => t.put('a', 1, {}, whether(IGNORE, combined(Op.OR, single('x', int(2)), single('y', 'three')))), conditionRefused],
    ['not', withRow, (t) => t.put('a', 1, {}, whether(IGNORE, combined(Op.NOT, single('x', int(2))))), 'done'],
    ['not of two', withRow, (t) => t.put('a', 1, {}, whether(IGNORE, combined(Op.NOT, single('x', int(2)), single('x', int(2))))), invalid],
  ],
  reads: [
    ['of a row', withRow, (t) => t.get(), row],
    ['of no row', created, (t) => t.get(), 'absent'],
    ['of no table', nothing, (t) => t.get(), absent],
    ['of chosen columns', withRow, (t) => t.get('a', 1, { columnsToGet: ['y'] }), 'a/1 y="two"'],
    ['of columns that are not there', withRow, (t) => t.get('a', 1, { columnsToGet: ['none'] }), 'absent'],
    ['of a key column', withRow, (t) => t.get('a', 1, { columnsToGet: ['n', 'none'] }), 'a/1'],
    ['through a filter', withRow, (t) => t.get('a', 1, { columnFilter: single('x', int(1)) }), row],
    ['through a filter that fails', withRow, (t) => t.get('a', 1, { columnFilter: single('x', int(2)) }), 'absent'],
    ['through a filter on a key column', withRow, (t) => t.get('a', 1, { columnFilter: single('p', 'a') }), row],
    ['of a page of columns', async (t) => { await t.create(); await t.put('a', 1, { c1: 1.5, c2: 2.5, c3: 3.5, c4: 4.5 }); },
      (t) => t.get('a', 1, { columnFilter: new TableStore.ColumnPaginationFilter(2, 1) }), 'a/1 c2=2.5 c3=3.5'],
    ['of a page after a start', async (t) => { await t.create(); await t.put('a', 1, { c1: 1.5, c2: 2.5, c3: 3.5, c4: 4.5 }); },
      (t) => t.get('a', 1, { startColumn: 'c3', columnFilter: new TableStore.ColumnPaginationFilter(2, 1) }), 'a/1 c4=4.5'],
    ['of a time range', withRow, (t) => t.get('a', 1, { timeRange: { startTime: '0', endTime: '1000' } }), 'a/1'],
    ['of one time and versions', withRow, (t) => t.get('a', 1, { timeRange: { specificTime: '1000' } }), invalid],
    ['of a range', (t) => t.fourRows(), (t) => t.scan(), 'a/-1, a/2, ab/0, b/1'],
    ['of a range backward', (t) => t.fourRows(),
      (t) => t.scan({ direction: TableStore.Direction.BACKWARD, inclusiveStartPrimaryKey: highest, exclusiveEndPrimaryKey: key('a', -1) }), 'b/1, ab/0, a/2'],
    ['of a page', (t) => t.fourRows(), (t) => t.scan({ limit: 2 }), 'a/-1, a/2, then ab/0'],
    ['of the next page', (t) => t.fourRows(), (t) => t.scan({ limit: 2, inclusiveStartPrimaryKey: key('ab', 0) }), 'ab/0, b/1'],
    ['of a filtered range', (t) => t.fourRows(), (t) => t.scan({ columnFilter: single('n', int(0), Is.GREATER_THAN) }), 'a/2, b/1'],
    ['of nothing', created, (t) => t.scan(), ''],
    ['of a range without a table', nothing, (t) => t.scan(), absent],
    ['of a range from a later key', created, (t) => t.scan({ inclusiveStartPrimaryKey: key('b', 1), exclusiveEndPrimaryKey: key('a', 1) }),
      '400 OTSParameterInvalid Begin key must less than end key in FORWARD'],
    ['of a range backward from an earlier key', created,
      (t) => t.scan({ direction: TableStore.Direction.BACKWARD, inclusiveStartPrimaryKey: key('a', 1), exclusiveEndPrimaryKey: key('b', 1) }),
      '400 OTSParameterInvalid Begin key must more than end key in BACKWARD'],
    ['of less than no rows', created, (t) => t.scan({ limit: -1 }), '400 OTSParameterInvalid The limit must be greater than 0.'],
  ],
  batches: [
    ['of reads, in order', (t) => t.fourRows(), (t) => t.read([key('b', 1), key('none', 1), key('a', 2)]), 'b/1; absent; a/2'],
    ['of reads with chosen columns', withRow, (t) => t.read([key('a', 1)], { columnsToGet: ['x'] }), 'a/1 x=1'],
    ['of reads through a filter', withRow, (t) => t.read([key('a', 1)], { columnFilter: single('x', int(2)) }), 'absent'],
    ['of reads of no table', nothing, (t) => t.read([key('a', 1)]), 'OTSObjectNotExist Requested table does not exist.'],
    ['of reads by a short key', withRow, (t) => t.read([[{ p: 'a' }], key('a', 1)]), `OTSInvalidPK Validate PK size fail. Input: 1, Meta: 2.; ${row}`],
    ['of too many reads', created, (t) => t.read(Array.from({ length: 101 }, (_, n) => key('a', n))),
      '400 OTSParameterInvalid Rows count exceeds the upper limit: 100.'],
    ['of no reads', created, (t) => t.read([]), '400 OTSParameterInvalid No row specified in the request of BatchGetRow.'],
    ['of writes', withRow, (t) => t.batch([
      putting('b', 1),
      { type: 'UPDATE', condition: whether(IGNORE), primaryKey: key('c', 1), attributeColumns: [{ PUT: [{ z: true }] }] },
      { type: 'DELETE', condition: whether(IGNORE), primaryKey: key('a', 1) },
    ]), 'done; done; done'],
    ['of writes, afterwards', async (t) => {
      await t.withRow();
      await t.batch([putting('b', 1), { type: 'DELETE', condition: whether(IGNORE), primaryKey: key('a', 1) }]);
    }, (t) => t.scan(), 'b/1 x=9'],
    ['of writes that give keys back', created, (t) => t.batch([putting('a', 1, whether(IGNORE), 1), putting('b', 1)]), 'a/1; done'],
    ['of writes of which one is refused', withRow, (t) => t.batch([putting('a', 1, whether(EXPECT_NOT_EXIST)), putting('b', 1)]),
      'OTSConditionCheckFail Condition check failed.; done'],
    ['of writes to two tables', withRow, (t) => t.batch([putting('b', 1)], [{ tableName: `${t.name}_none`, rows: [putting('b', 1)] }]),
      'done; OTSObjectNotExist Requested table does not exist.'],
    ['of a count', withRow, async (t) => {
      const { tables } = await client.batchWriteRow({ tables: [{ tableName: t.name, rows: [{
        type: 'UPDATE', condition: whether(IGNORE), primaryKey: key('a', 1), attributeColumns: [{ INCREMENT: [{ x: int(1) }] }], returnContent: afterModify('x'),
      }] }] });
      return valueText(tables[0].attributes[0].columnValue);
    }, '2'],
    ['of too many writes', created, (t) => t.batch(Array.from({ length: 201 }, (_, n) => putting('a', n))),
      '400 OTSParameterInvalid Rows count exceeds the upper limit: 200.'],
    ['of no writes', created, (t) => t.batch([]), '400 OTSParameterInvalid No operation is specified for table: …'],
  ],
  numbering: [
    ['described', (t) => t.auto(), (t) => t.describe(), 'p:STRING,n:INTEGER:numbered …'],
    ['rises', (t) => t.auto(), async (t) => {
      const numbers = [];
      for (let i = 0; i < 5; i++) numbers.push(Number((await t.next()).split('/')[1]));
      return numbers.every((n, i) => n > (numbers[i - 1] ?? 0));
    }, 'true'],
    ['where no row is expected', (t) => t.auto(), (t) => t.next(whether(EXPECT_NOT_EXIST)), '400 …'],
    ['of the first column', nothing, (t) => t.create({}, [{ name: 'p', type: 'INTEGER', option: 'AUTO_INCREMENT' }]), '400 …'],
  ],
  door: [
    ['another secret', nothing, () => connect({ secretAccessKey: 'guess' }).listTable(), '403 OTSAuthFailed Signature mismatch.'],
    ['an unknown key', nothing, () => connect({ accessKeyId: 'nobody' }).listTable(), '403 OTSAuthFailed The AccessKeyID does not exist.'],
    ['another instance', nothing, () => connect({ instancename: 'other' }).listTable(), '403 OTSAuthFailed The instance is not found.'],
    ['a token that nobody issued', nothing, () => connect({ stsToken: 'guess' }).listTable(), '403 OTSAuthFailed …'],
    ['an index', created, (t) => client.dropIndex({ mainTableName: t.name, indexName: 'i' }), "400 OTSParameterInvalid Unsupported operation: 'DropIndex'."],
    ['a search index', created, (t) => client.listSearchIndex({ tableName: t.name }), "400 OTSParameterInvalid Unsupported operation: 'ListSearchIndex'."],
    ['a transaction', created, (t) => client.startLocalTransaction({ tableName: t.name, primaryKey: [{ p: 'a' }] }),
      "400 OTSParameterInvalid Unsupported operation: 'StartLocalTransaction'."],
    ['SQL', nothing, () => client.sqlQuery({ query: 'select 1' }), "400 OTSParameterInvalid Unsupported operation: 'SQLQuery'."],
  ],
};

let made = 0;

for (const [group, list] of Object.entries(scenarios)) {
  describe(group, () => {
    for (const [name, setup, call, want] of list) {
      test(name, async () => {
        const table = new Table(`t${++made}`);
        await setup(table);
        let got;
        try {
          got = String(await call(table));
        } catch (error) {
          got = refusal(error);
        }
        if (want.endsWith('…')) got = `${got.slice(0, want.length - 1)}…`;
        assert.equal(got, want);
        // An instance holds 64 tables.
        await client.deleteTable({ tableName: table.name }).catch(() => {});
      });
    }
  });
}
