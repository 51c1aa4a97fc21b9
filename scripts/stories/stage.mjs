// What journeys in a real browser have in common: local stacks, Chromium, a fresh
// context, and how a page looks to whom. In: flags and an environment. Out: READY lines,
// and pages that note what went wrong on them. Whatever was started ends by stop().
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const peers = createRequire(path.join(root, 'scripts/peers/package.json'));
const { chromium } = peers('playwright-core');
const axe = readFileSync(peers.resolve('axe-core/axe.min.js'), 'utf8');
const shots = path.join(root, '.build/screenshots');
mkdirSync(shots, { recursive: true });

const started = [];
const browsers = {};

// start starts a local stack of its own and returns its READY line.
export async function start(flags = [], env = {}) {
  const data = mkdtempSync(path.join(tmpdir(), 'fc-sso-browser-'));
  const addresses = flags.includes('-listen') ? [] : ['-listen', '127.0.0.1:0'];
  const stack = spawn('go', ['run', './scripts/local', ...addresses, '-listen-tls', '127.0.0.1:0', '-data', data, ...flags],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  stack.stderr.pipe(process.stderr);
  stack.stderr.setMaxListeners(0);
  const ready = await new Promise((resolve, reject) => {
    createInterface({ input: stack.stdout }).on('line', (text) => {
      if (text.startsWith('READY ')) resolve(JSON.parse(text.slice('READY '.length)));
    });
    stack.once('exit', (code) => reject(new Error(`the local stack ended with ${code}`)));
  });
  started.push({ stack, data, ready });
  return ready;
}

// folder is where a stack keeps its federation.yaml.
export const folder = (ready) => started.find((one) => one.ready === ready).data;

// applied has a stack read its federation file again, and waits until it counts.
export async function applied(ready) {
  const { stack } = started.find((one) => one.ready === ready);
  const done = new Promise((resolve) => {
    stack.stderr.on('data', (text) => { if (/local: applied/.test(text)) resolve(); });
  });
  process.kill(ready.pid, 'SIGHUP');
  await done;
}

// tell speaks to a stack's side door.
export async function tell(ready, door, wish) {
  const answer = await fetch(ready.admin_url + door, { method: 'POST', body: JSON.stringify(wish) });
  assert.equal(answer.status, 200, `${door}: ${await answer.text()}`);
}

// launch starts Chromium; keeps is one that keeps a page whole for the back button, as
// people's does, which playwright switches off otherwise.
export function launch({ keeps = false } = {}) {
  return browsers[keeps] ??= chromium.launch({
    executablePath: process.env.SSO_TEST_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP *.acme.test 127.0.0.1'],
    ignoreDefaultArgs: keeps ? ['--disable-back-forward-cache'] : [],
  });
}

export async function stop() {
  for (const browser of Object.values(browsers)) await (await browser).close();
  for (const { stack, data, ready } of started) {
    const ended = stack.exitCode === null ? new Promise((resolve) => stack.once('exit', resolve)) : undefined;
    process.kill(ready.pid, 'SIGTERM');
    await ended;
    rmSync(data, { recursive: true, force: true });
  }
}

// open gives a fresh person: no cookies, and a note of everything that went wrong on the
// way, which is to be nothing when the test ends. refusals are the statuses of answers
// that are meant to be refusals, forgiven the faults of other people's pages.
export async function open(t, { refusals = [], forgiven = [], keeps, ...options } = {}) {
  const browser = await launch({ keeps });
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', viewport: { width: 1280, height: 800 }, ...options });
  const faults = [];
  t.after(async () => {
    await context.close();
    const meant = [...forgiven, ...refusals.map((status) => new RegExp(`status of ${status} `))];
    assert.deepEqual(faults.filter((fault) => !meant.some((words) => words.test(fault))), []);
  });
  context.on('page', (page) => watch(page, faults));
  return { page: await context.newPage(), faults, context };
}

// watch notes what a browser tells developers alone: what a script stumbled over, what a
// policy did not let through, what could not be fetched. A request that is given up
// because the page goes on is no fault, nor is what is not kept for the back button.
function watch(page, faults) {
  page.on('pageerror', (error) => faults.push(`script: ${error}`));
  page.on('console', (message) => { if (message.type() === 'error') faults.push(`console: ${message.text()}`); });
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText;
    if (!['net::ERR_ABORTED', 'net::ERR_CACHE_MISS'].includes(why)) faults.push(`request: ${request.url()}: ${why}`);
  });
}

export const shoot = (page, name) => page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true });

// findings are what axe-core says against a page as it is shown now, each with where: by
// all its rules, or those of a kind.
export async function findings(page, kind) {
  await page.evaluate(axe); // by the debugger's way, which the page's policy does not close
  const { violations } = await page.evaluate((tag) => globalThis.axe.run(tag ? { runOnly: { type: 'tag', values: [tag] } } : {}), kind);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
}
