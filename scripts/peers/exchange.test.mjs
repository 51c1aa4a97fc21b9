// /sts, judged by the npm package `@alicloud/credentials`, which Alibaba Cloud's own
// GitHub action uses: unmodified, over TLS, and told another endpoint. The issuer
// here signs with Node's crypto. In one account the bundle issues, in the other STS does,
// by the client's own token. The emulated STS is judged too, by STS's own package
// `@alicloud/sts20150401`, which cannot be pointed at us: it knows no path but "/", and
// has no hook for one. Run by `./scripts/test peers`. The client runs in a
// process of its own, since Node reads NODE_EXTRA_CA_CERTS once, when it starts.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const account = 'acs:ram::1234567890123456';
const direct = 'acs:ram::2345678901234567';
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

let issuer, issuerServer, stack, ready, data;

before(async () => {
  data = mkdtempSync(path.join(tmpdir(), 'fc-sso-exchange-'));
  issuerServer = createServer((request, response) => {
    const documents = {
      '/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/keys` },
      '/keys': { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'node', use: 'sig' }] },
    };
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify(documents[request.url]));
  });
  await new Promise((resolve) => issuerServer.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${issuerServer.address().port}`;
  const federation = path.join(data, 'federation.yaml');
  writeFileSync(federation, `
identityProviders:
  - {id: pods, oidc: {issuer: "${issuer}", audiences: [sts.aliyuncs.com], tokenUse: until-expiry}}
accounts:
  - {id: "1234567890123456", oidcProviders: {pods: "${account}:oidc-provider/pods"}}
  - {id: "2345678901234567", issue: direct, oidcProviders: {pods: "${direct}:oidc-provider/pods"}}
rules:
  - {name: pods, idp: pods, roles: ["${account}:role/pictures", "${direct}:role/pictures"], condition: {StringEquals: {"oidc:sub": "pod"}}, session: {name: pod}}
`);
  stack = spawn('go', ['run', './scripts/local', '-listen', '127.0.0.1:0', '-listen-tls', '127.0.0.1:0', '-federation', federation, '-data', path.join(data, 'stack')],
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
  issuerServer.close();
  rmSync(data, { recursive: true, force: true });
});

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(changes = {}) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, aud: ['sts.aliyuncs.com'], sub: 'pod', iat: now, nbf: now, exp: now + 600, jti: randomUUID(), ...changes };
  const input = `${encode({ alg: 'RS256', kid: 'node' })}.${encode(claims)}`;
  return `${input}.${sign('sha256', input, privateKey).toString('base64url')}`;
}

const client = `
const { default: Credential, Config } = require('@alicloud/credentials');
new Credential(new Config(JSON.parse(process.argv[1]))).getCredential().then(
  (made) => console.log(JSON.stringify(made)),
  (refused) => { console.error(refused.message); process.exit(1); });
`;

// take has the official client fetch credentials with what the token's file holds.
function take(text, from = account) {
  const file = path.join(data, 'token');
  writeFileSync(file, `${text}\n`);
  const config = {
    type: 'oidc_role_arn', roleArn: `${from}:role/pictures`, oidcProviderArn: `${from}:oidc-provider/pods`,
    oidcTokenFilePath: file, roleSessionName: 'node', roleSessionExpiration: 900, stsEndpoint: `${new URL(ready.tls_url).host}/sts`,
  };
  return new Promise((resolve) => {
    execFile(process.execPath, ['-e', client, JSON.stringify(config)], { cwd: path.join(root, 'scripts/peers'), env: { ...process.env, NODE_EXTRA_CA_CERTS: ready.ca_file } },
      (error, stdout, stderr) => resolve(error ? { refused: stderr } : JSON.parse(stdout)));
  });
}

test('it gets credentials, also when a token is presented again', async () => {
  for (const from of [account, direct]) {
    const text = token();
    for (let i = 0; i < 3; i++) {
      const made = await take(text, from);
      assert.match(made.accessKeyId ?? made.refused, /^STS\./);
      assert.ok(made.accessKeySecret && made.securityToken);
    }
  }
});

test('it shows our refusals as those of STS', async () => {
  for (const [changes, code] of [
    [{ exp: 1, iat: 0, nbf: 0 }, 'AuthenticationFail.OIDCToken.Expired'],
    [{ aud: 'elsewhere' }, 'AuthenticationFail.OIDCToken.AudienceNotMatch'],
    [{ sub: 'other' }, 'AuthenticationFail.NoPermission'],
  ]) {
    for (const from of [account, direct]) {
      const { refused } = await take(token(changes), from);
      assert.match(refused, new RegExp(`get sts token failed with OIDC: .*"Code":"${code}"`));
    }
  }
});

const { default: STS, AssumeRoleWithOIDCRequest } = createRequire(import.meta.url)('@alicloud/sts20150401');

// ask has STS's own package ask the emulated STS.
const ask = (credentials, call) => call(new STS({ ...credentials, endpoint: new URL(ready.cloud.sts).host, protocol: 'http' }));

const withOIDC = (text) => ask({}, (sts) => sts.assumeRoleWithOIDC(new AssumeRoleWithOIDCRequest({
  roleArn: `${direct}:role/pictures`, OIDCProviderArn: `${direct}:oidc-provider/pods`, OIDCToken: text, roleSessionName: 'node', durationSeconds: 900,
})));

test('the emulated STS is one to its own package', async () => {
  const { body: { credentials, OIDCTokenInfo, assumedRoleUser } } = await withOIDC(token());
  assert.equal(assumedRoleUser.arn, `${direct}:role/pictures/node`);
  assert.equal(OIDCTokenInfo.subject, 'pod');
  const { body } = await ask(credentials, (sts) => sts.getCallerIdentity());
  assert.equal(body.arn, 'acs:ram::2345678901234567:assumed-role/pictures/node');
  for (const [changes, code] of [
    [{ exp: 1 }, 'AuthenticationFail.OIDCToken.Expired'],
    [{ aud: 'elsewhere' }, 'AuthenticationFail.OIDCToken.AudienceNotMatch'],
    [{ iss: 'https://elsewhere.example' }, 'AuthenticationFail.OIDCToken.IssuerNotMatch'],
  ]) {
    await assert.rejects(withOIDC(token(changes)), { code });
  }
});
