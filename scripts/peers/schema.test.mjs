// The JSON schema of federation.yaml, judged by a validator and a YAML reader that
// share nothing with ours. Run by `./scripts/test peers`. What is without faults
// holds the schema; what has faults of shape, which the schema can see, does not.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import Ajv2020 from 'ajv/dist/2020.js';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = (name) => readFileSync(root + name, 'utf8');
// Some of ajv's own rules are off: an operator by name and by pattern, one property in the place of another, and text that
// YAML may take for a number, are what the schema means.
const holds = new Ajv2020({ allErrors: true, strict: true, strictRequired: false, strictTypes: false, allowMatchingProperties: true }).compile(
  JSON.parse(text('template/federation.schema.json')),
);
const said = () => JSON.stringify(holds.errors?.map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`), null, 1);

const yamlFiles = (folder) => readdirSync(root + folder).filter((n) => n.endsWith('.yaml')).map((n) => folder + n);

describe('what is without faults', () => {
  const files = ['template/federation.example.yaml', ...yamlFiles('template/examples/'), ...yamlFiles('shared/federation/yamlfile/testdata/review/')];
  assert.ok(files.length >= 8);
  for (const file of files) {
    test(file, () => assert.ok(holds(parse(text(file))), said()));
  }
});

describe('what has faults of shape', () => {
  for (const name of ['list', 'misspelt', 'conditions', 'oidc']) {
    test(name, () => assert.ok(!holds(parse(text(`shared/federation/yamlfile/testdata/${name}.yaml`)))));
  }
});

// One small federation, and one change each that nobody may make.
describe('one wrong thing', () => {
  const good = () => ({
    identityProviders: [{ id: 'okta', saml: { metadataURL: 'https://okta.example/' } }],
    accounts: [{ id: '1234567890123456', alias: 'prod' }],
    rules: [{ name: 'a', idp: 'okta', roles: ['acs:ram::1234567890123456:role/admin'], condition: 'any' }],
  });
  test('nothing', () => assert.ok(holds(good()), said()));
  const wrongs = {
    'an id with a blank': (f) => { f.identityProviders[0].id = 'a b'; },
    'neither saml nor oidc': (f) => { delete f.identityProviders[0].saml; },
    'both saml and oidc': (f) => { f.identityProviders[0].oidc = { issuer: 'https://a.example', audiences: ['a'] }; },
    'an unknown preset': (f) => { f.identityProviders[0].preset = 'okta2'; },
    'an unknown key': (f) => { f.accounts[0].allias = 'x'; },
    'a secret in the file': (f) => {
      f.identityProviders[0] = { id: 'a', oidc: { issuer: 'https://a.example', audiences: ['a'], login: { clientID: 'a', clientSecret: 'hunter2' } } };
    },
    'a rule without a condition': (f) => { delete f.rules[0].condition; },
    'a word other than any': (f) => { f.rules[0].condition = 'all'; },
    'an operator that RAM lacks': (f) => { f.rules[0].condition = { StringEqual: { 'saml:a': 'x' } }; },
    'a key without its protocol': (f) => { f.rules[0].condition = { StringEquals: { groups: 'x' } }; },
    'a pattern of roles': (f) => { f.rules[0].roles = ['acs:ram::1234567890123456:role/*']; },
    'roles and a user': (f) => { f.rules[0].user = { account: '1234567890123456', domains: ['a.example'] }; },
    'a duration without a unit': (f) => { f.rules[0].session = { duration: '3600' }; },
    'no roles': (f) => { f.rules[0].roles = []; },
  };
  for (const [name, change] of Object.entries(wrongs)) {
    test(name, () => {
      const federation = good();
      change(federation);
      assert.ok(!holds(federation), 'it passes');
    });
  }
});
