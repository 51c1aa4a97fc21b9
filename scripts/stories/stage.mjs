// What journeys in a real browser have in common: local stacks, Chromium, a fresh
// person. In: flags and an environment. Out: READY lines, and pages that note what
// went wrong on them. Whatever was started ends by stop().
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

export const stacks = [];
let browser;

// start starts a local stack of its own and returns its READY line.
export async function start(flags = [], env = {}) {
  const data = mkdtempSync(path.join(tmpdir(), 'fc-sso-browser-'));
  const addresses = flags.includes('-listen') ? [] : ['-listen', '127.0.0.1:0'];
  const stack = spawn('go', ['run', './scripts/local', ...addresses, '-listen-tls', '127.0.0.1:0', '-data', data, ...flags],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  stack.stderr.pipe(process.stderr);
  const ready = await new Promise((resolve, reject) => {
    createInterface({ input: stack.stdout }).on('line', (text) => {
      if (text.startsWith('READY ')) resolve(JSON.parse(text.slice('READY '.length)));
    });
    stack.once('exit', (code) => reject(new Error(`the local stack ended with ${code}`)));
  });
  stacks.push({ stack, data, pid: ready.pid });
  return ready;
}

export async function launch() {
  browser = await chromium.launch({
    executablePath: process.env.SSO_TEST_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
}

export async function stop() {
  await browser?.close();
  for (const { stack, data, pid } of stacks) {
    const ended = stack.exitCode === null ? new Promise((resolve) => stack.once('exit', resolve)) : undefined;
    process.kill(pid, 'SIGTERM');
    await ended;
    rmSync(data, { recursive: true, force: true });
  }
}

// open gives a fresh person: no cookies, and a note of everything that went
// wrong on the way, which each test expects to be nothing.
export async function open(t, options = {}) {
  const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'Europe/Berlin', viewport: { width: 1280, height: 800 }, ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(`script: ${error}`));
  page.on('console', (message) => { if (message.type() === 'error') faults.push(`console: ${message.text()}`); });
  return { page, faults, context };
}

export const shoot = (page, name) => page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true });

// findings are what axe-core says against a page as it is shown now, each with where.
export async function findings(page) {
  await page.evaluate(axe); // by the debugger's way, which the page's policy does not close
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
}
