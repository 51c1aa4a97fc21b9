// The stacks that journeys share, each started when the first journey asks for it:
//
//   plain  as people get it, with a logo, and the partner at whose page one may begin
//   every  the same federation, with accounts that know every way to issue, on both
//          sites, users from both identity providers, roles that ask for more, and the
//          partner's identity provider on two hosts, which takes requests by form alone;
//          in one account users are made at the first sign-in, only that RAM denies it
//   tls    as every, over TLS, and with more roles for the partner's people than one can
//          read: ten in each of fifty accounts; alice has left
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { applied, folder, root, start, tell } from './stage.mjs';

const kinds = {
  plain: () => start(['-partner'], { SSO_BRAND_LOGO: path.join(root, 'shared/page/static/icon.svg') }),
  every: () => everyWay(),
  tls: () => everyWay('-tls'),
};
const lines = {};

// stack is the READY line of one of them.
export const stack = (kind) => (lines[kind] ??= kinds[kind]());

// Accounts on each site whose STS is shown Contoso's tokens, one abroad that knows only
// the function's own role, and one that is only open to whoever has a second factor.
const accounts = `
  - {id: "5678901234567890", alias: acme-lab, site: china, issue: direct, oidcProviders: {contoso: "acs:ram::5678901234567890:oidc-provider/contoso"}}
  - {id: "6789012345678901", alias: acme-abroad, site: international, issue: direct, oidcProviders: {contoso: "acs:ram::6789012345678901:oidc-provider/contoso"}}
  - {id: "8901234567890123", alias: acme-intl, site: international}
  - {id: "9012345678901234", alias: acme-safe, site: china, userSSO: {suffixes: [acme-safe.onaliyun.com], withDomain: true}}
  - {id: "3456789012345678", alias: acme-new, site: china, maintenanceRole: "acs:ram::3456789012345678:role/fc-sso-maintenance", userSSO: {suffixes: [acme-new.onaliyun.com], withDomain: true}, manage: {users: true}}
`;

const rules = `
  - name: partners try things out
    idp: contoso
    roles: ["acs:ram::5678901234567890:role/try", "acs:ram::6789012345678901:role/try"]
    condition: any
    session: {name: "{{email}}", duration: 1h}
  - name: everybody looks abroad, by the function's own role
    idp: acme
    roles: [acs:ram::8901234567890123:role/viewer]
    condition: any
    session: {duration: 1h}
  - name: everybody describes
    idp: acme
    roles: [acs:ram::1234567890123456:role/describe]
    condition: any
    session: {policyFile: describe.json, duration: 1h}
  - name: partners have a user abroad too
    idp: contoso
    user: {account: "7890123456789012", principal: '{{email | before "@"}}@acme-global.onaliyun.com', domains: [acme-global.onaliyun.com]}
    condition: any
  - name: everybody has a user in the safe
    idp: acme
    user: {account: "9012345678901234", principal: '{{email | before "@"}}@acme-safe.onaliyun.com', domains: [acme-safe.onaliyun.com]}
    condition: any
    requires: {acr: [urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract]}
  - name: erin is new
    idp: contoso
    user: {account: "3456789012345678", principal: '{{email | before "@"}}@acme-new.onaliyun.com', domains: [acme-new.onaliyun.com], create: true}
    condition: {StringEquals: {"oidc:email": erin@contoso.example}}
  - name: the vault opens by a second factor
    idp: acme
    roles: [acs:ram::8901234567890123:role/vault]
    condition: any
    requires: {acr: [urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract]}
  - name: the strongroom by a card that nobody has
    idp: acme
    roles: [acs:ram::8901234567890123:role/strongroom]
    condition: any
    requires: {acr: [urn:x-acme:card]}
  - name: partners open the vault by a second factor
    idp: contoso
    roles: [acs:ram::8901234567890123:role/vault]
    condition: any
    requires: {acr: ["https://refeds.org/profile/mfa"]}
`;

const teams = Array.from({ length: 50 }, (_, i) => ({ id: `11${String(i).padStart(14, '0')}`, alias: `team-${String(i).padStart(2, '0')}` }));
const teamRoles = teams.flatMap(({ id }) => Array.from({ length: 10 }, (_, i) => `acs:ram::${id}:role/role-${i}`));
const many = {
  accounts: teams.map(({ id, alias }) => `  - {id: "${id}", alias: ${alias}, site: china}\n`).join(''),
  rules: `
  - name: partners work in all teams
    idp: fabrikam
    roles: [${teamRoles.map((arn) => `"${arn}"`).join(', ')}]
    condition:
      StringEquals: {"saml:groups": partners}
`,
};

// everyWay has the account in China take us for its identity provider as well. All is
// applied before anybody came: no instance has read what was there before.
async function everyWay(...flags) {
  const line = await start(['-partner', ...flags]);
  await tell(line, '/idps/fabrikam/quirks', { form_only: true, elsewhere: true });
  const file = path.join(folder(line), 'federation.yaml');
  const policy = { Version: '1', Statement: [{ Effect: 'Allow', Action: 'ecs:Describe*', Resource: '*' }] };
  writeFileSync(path.join(folder(line), 'describe.json'), JSON.stringify(policy));
  const text = readFileSync(file, 'utf8')
    .replace(/(alias: acme-prod\n    site: china\n    issue: )assume-role/, `$1federated
    federatedProvider: acs:ram::1234567890123456:saml-provider/fc-sso
    maintenanceRole: acs:ram::1234567890123456:role/fc-sso-maintenance`)
    .replace('\nrules:\n', `${accounts}${flags.includes('-tls') ? many.accounts : ''}\nrules:\n`);
  writeFileSync(file, text + rules + (flags.includes('-tls') ? many.rules : ''));
  await applied(line);
  await tell(line, '/functions/metadata-rotation', { triggerName: 'hourly', payload: '{"job":"rotate"}' });
  await tell(line, '/roles', { arn: `acs:ram::${numbers['acme-new']}:role/fc-sso-maintenance`, trust: JSON.stringify(nobody) });
  if (flags.includes('-tls')) await tell(line, '/events', [aliceLeft()]);
  return line;
}

// nobody is a role's trust in none of our functions.
const nobody = { Version: '1', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM: ['acs:ram::3456789012345678:root'] } }] };

const aliceLeft = () => ({
  id: 'hr-1', source: 'acme.hr', specversion: '1.0', type: 'fcsso.person.left', datacontenttype: 'application/json',
  time: new Date().toISOString(), data: { idp: 'acme', id: '10042', person: 'alice@acme.example' },
});

export const numbers = {
  'acme-prod': '1234567890123456', 'acme-dev': '2345678901234567', 'acme-new': '3456789012345678', 'acme-lab': '5678901234567890',
  'acme-abroad': '6789012345678901', 'acme-global': '7890123456789012', 'acme-intl': '8901234567890123',
  'acme-safe': '9012345678901234',
};

// Pages of the console, on each site.
export const bucket = (site) => `https://oss.console.${site}/bucket/oss-eu/a?x=1&y=2`;
export const ecs = (site) => `https://ecs.console.${site}/server?x=1&y=<2>`;
export const shown = (address) => new URL(address).host + new URL(address).pathname; // what the console says that it opened

// deepLink is the path to a role, and to a page of its console.
export const deepLink = (role, to) => `/go/${role}${to ? `?to=${encodeURIComponent(to)}` : ''}`;
