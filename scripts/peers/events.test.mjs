// The emulated EventBridge, judged by its own package `@alicloud/eventbridge`: what it
// signs is taken, and a refusal is one that it understands. The Go one cannot be had.
// Run by `./scripts/test peers`.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const { default: EventBridge, CloudEvent, Config } = createRequire(import.meta.url)('@alicloud/eventbridge');
const root = fileURLToPath(new URL('../..', import.meta.url));
let stack, ready, data;

before(async () => {
  data = mkdtempSync(path.join(tmpdir(), 'fc-sso-events-'));
  stack = spawn('go', ['run', './scripts/local', '-listen', '127.0.0.1:0', '-listen-tls', '127.0.0.1:0', '-timers', 'off', '-data', path.join(data, 'stack')],
    { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  ready = await new Promise((resolve, reject) => {
    createInterface({ input: stack.stdout }).on('line', (text) => {
      if (text.startsWith('READY ')) resolve(JSON.parse(text.slice('READY '.length)));
    });
    stack.once('exit', (code) => reject(new Error(`the stack ended with ${code}`)));
  });
}, { timeout: 300_000 });

after(async () => {
  const ended = new Promise((resolve) => stack.once('exit', resolve));
  if (ready) process.kill(ready.pid, 'SIGTERM');
  await ended;
  rmSync(data, { recursive: true, force: true });
});

const put = (bus, secret = ready.cloud.access_key_secret) => new EventBridge(new Config({
  accessKeyId: ready.cloud.access_key_id, accessKeySecret: secret, endpoint: new URL(ready.cloud.eventbridge).host, protocol: 'http',
})).putEvents([new CloudEvent({
  id: '7', source: 'https://sso.acme.com', type: 'com.fc-sso.trust.keys_held', time: new Date().toISOString(),
  extensions: { aliyuneventbusname: bus }, data: Buffer.from('{"kind":"keys_held"}'),
})]);

test('an event is taken as the package puts it', async () => {
  const answer = await put('fc-sso');
  assert.equal(answer.failedEntryCount, 0);
  assert.equal(answer.entryList[0].eventId, '7');
  const [delivery] = await (await fetch(`${ready.admin_url}/delivered`)).json();
  assert.equal(delivery.name, 'fc-sso');
  assert.deepEqual(JSON.parse(delivery.text).data, { kind: 'keys_held' });
});

test('of an event on the bus hr provisioning is told', async () => {
  assert.equal((await put('hr')).failedEntryCount, 0);
  const status = await (await fetch(`${ready.admin_url}/delivery?wait=1m`)).json();
  assert.ok(status.done === 1);
  assert.deepEqual(status.dead, []);
});

test('a refusal is one that the package reads', async () => {
  const answer = await put('nobodys');
  assert.equal(answer.failedEntryCount, 1);
  assert.equal(answer.entryList[0].errorCode, 'EventBusNotExist');
  await assert.rejects(put('fc-sso', 'a guess'), { code: 'SignatureDoesNotMatch' });
});
