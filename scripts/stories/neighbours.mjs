// Other people's web servers, over TLS: pages that mean no good, on another port of the
// bundle's host, which is the same site as a sibling subdomain's is, or as a stranger; and
// the bundle under a name of a domain that others have names in too.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';

// pair is a key and a certificate, which no browser here asks about.
function pair() {
  const folder = mkdtempSync(path.join(tmpdir(), 'fc-sso-neighbour-'));
  const root = execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim();
  execFileSync('go', ['run', path.join(root, 'src/crypto/tls/generate_cert.go'), '--host', '127.0.0.1,localhost,*.acme.test', '--ecdsa-curve', 'P256'],
    { cwd: folder, stdio: 'ignore' });
  const read = (name) => readFileSync(path.join(folder, name));
  const made = { key: read('key.pem'), cert: read('cert.pem') };
  rmSync(folder, { recursive: true });
  return made;
}

let made;

// serve has a server for the time of a test, and returns its port.
async function serve(t, answer) {
  made ??= pair();
  const server = createServer(made, answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => { server.closeAllConnections(); server.close(); });
  return server.address().port;
}

// hostile serves an empty page at every path but those that it is told what to answer at.
export async function hostile(t, told = {}) {
  return serve(t, (asked, answer) => {
    const { headers = {}, body = '<!doctype html><title>Free gifts</title><p>Free gifts' } = told[new URL(asked.url, 'https://x').pathname] ?? {};
    answer.writeHead(200, { 'Content-Type': 'text/html', ...headers });
    answer.end(body);
  });
}

// named has a stack at https://sso.acme.test:PORT: names alone are changed, either way.
export async function named(t, line) {
  const port = await serve(t, (asked, answer) => {
    const own = `https://sso.acme.test:${port}`;
    const headers = Object.fromEntries(Object.entries(asked.headers).map(([name, value]) => [name, value.replaceAll(own, line.url)]));
    headers.host = new URL(line.url).host;
    const onward = request(line.url + asked.url, { method: asked.method, headers, rejectUnauthorized: false }, (got) => {
      const lines = got.rawHeaders.map((text) => text.replaceAll(line.url, own));
      answer.writeHead(got.statusCode, lines);
      got.pipe(answer);
    });
    asked.pipe(onward);
  });
  return `https://sso.acme.test:${port}`;
}
