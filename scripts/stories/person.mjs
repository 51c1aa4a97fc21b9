// A person at a browser: what one does on our pages, at an identity provider and at
// Alibaba Cloud, whatever the browser is like. The places where pages keep their things
// are named here alone, by what they do and not by their words, so that every journey
// can be walked in every language.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { open, shoot } from './stage.mjs';
import { numbers, stack } from './stacks.mjs';

// What a browser is like: on a desk as most have it, and on a telephone, where much is
// switched off.
export const desk = { js: true, width: 1280, theme: 'light', locale: 'en-GB' };
export const phone = { js: false, width: 320, theme: 'dark', locale: 'zh-CN' };

const called = ({ js, width, theme, locale }) => `${js ? '' : 'without a script, '}${width} px, ${theme}, ${locale}`;

// journey is a test for each of the looks: walk with a fresh person on a stack.
export function journey(name, walk, { on = 'plain', looks = [desk, phone], refusals = [] } = {}) {
  for (const look of looks) {
    test(`${name} (${called(look)})`, async (t) => walk(await Person.arrive(t, await stack(on), { ...look, refusals }), t));
  }
}

export class Person {
  static async arrive(t, line, { js, width, theme, locale, refusals, keeps } = desk) {
    const options = {
      javaScriptEnabled: js, viewport: { width, height: width < 600 ? 640 : 800 }, colorScheme: theme, locale,
      ignoreHTTPSErrors: true, reducedMotion: 'reduce', refusals, keeps,
    };
    return Object.assign(new Person(), await open(t, options), { line, js, width, look: { js, width, theme, locale } });
  }

  // tab is the same person in another tab, or at another stack.
  async tab(line = this.line) {
    return Object.assign(new Person(), this, { line, page: await this.context.newPage() });
  }

  at(selector) { return this.page.locator(selector); }
  shoot(name) { return shoot(this.page, this.js ? name : `phone-${name}`); }
  go(path = '/') { return this.page.goto(this.line.url + path); }
  async text() { return this.page.locator('body').innerText(); }

  // tabTo goes to a place by the tabulator.
  async tabTo(selector) {
    for (let stops = 0; stops < 100; stops++) {
      await this.page.keyboard.press('Tab');
      if (await this.page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
    }
    assert.fail(`no tabulator leads to ${selector}`);
  }

  // sees waits until the page has all these words.
  async sees(...words) {
    for (const word of words) await this.page.getByText(word).first().waitFor();
  }

  // lands waits for a page of ours at a path.
  lands(path) { return this.page.waitForURL((url) => url.origin === this.line.url && url.pathname === path); }

  // choose takes an identity provider where there are several.
  choose(idp) { return this.at(`a[href^="/saml/${idp}/"], a[href^="/oidc/${idp}/"]`).first().click(); }

  // prove fills in an identity provider's form; passwords are the same in every stack.
  async prove(idp, name) {
    const { kind, users } = this.line.idps.find((one) => one.id === idp);
    await this.page.getByLabel(/user ?name/i).fill(name);
    await this.page.getByLabel(/password/i).fill(users.find((user) => user.username === name).password);
    await this.page.getByRole('button', { name: /sign in/i }).click();
    if (kind === 'saml') await this.goOn();
  }

  // giveCode types what the demo's telephone shows.
  async giveCode(idp) {
    await this.page.getByLabel(/code/i).waitFor();
    const code = (await this.text()).match(/\b\d{6}\b/)[0];
    await this.page.getByLabel(/code/i).fill(code);
    await this.page.getByRole('button', { name: /sign in|continue|confirm/i }).click();
    if (this.line.idps.find((one) => one.id === idp).kind === 'saml') await this.goOn();
  }

  // goOn presses the button of a page that posts itself where there is a script.
  async goOn() {
    if (!this.js) await this.at('#answer button, form[data-autosubmit] button').click();
  }

  // signIn ends at the roles.
  async signIn(idp, name) {
    await this.go();
    await this.choose(idp);
    await this.prove(idp, name);
    await this.roles();
  }

  // roles waits for the list.
  async roles() {
    await this.at('form[action="/signout"]').first().waitFor();
    assert.equal(this.page.url(), `${this.line.url}/`, 'nothing of the answer stays in the address');
  }

  role(role) {
    const [account, name] = role.split('/');
    return { link: `/go/${role}`, arn: `acs:ram::${numbers[account]}:role/${name}` };
  }

  // console is what opens the console of a role, credentials what shows its keys, of the list.
  console(role) {
    const { link } = this.role(role);
    return this.at(`.roles a[href="${link}"]`).first();
  }

  credentials(role) {
    const { arn } = this.role(role);
    return this.at(`button[name="role"][value="${arn}"]`).first();
  }

  async take(role, by) {
    await this.go();
    await this.console(role).click();
    await this.inConsole(by);
  }

  // inConsole waits for the console; by a response the way leads over a page that posts it.
  async inConsole(by) {
    if (by === 'response') await this.goOn();
    await this.page.waitForURL(/^http:\/\/localhost:\d+\/console/);
  }

  // consoleSays is what the console knows about who came.
  async consoleSays(...words) {
    const said = await this.text();
    for (const word of words) assert.ok(said.includes(word), `${word}: ${said}`);
  }

  // askedBy begins where RAM users begin, at Alibaba Cloud.
  async askedBy(domain, service = '') {
    await this.page.goto(`${this.line.cloud.signin}/${domain}.onaliyun.com/login.htm?service=${encodeURIComponent(service)}`);
    await this.page.getByRole('button', { name: 'Logon with Organization Account' }).click();
  }

  // lured follows a link of ours on another site's page.
  async lured(path) {
    await this.page.goto(this.line.cloud.signin);
    await this.page.setContent(`<a href="${this.line.url}${path}">Free gifts</a>`);
    await this.page.getByRole('link').click();
  }

  // overhears are the requests of the page from now on, each with its form.
  overhears() {
    const sent = [];
    this.page.on('request', (request) => sent.push(request.url() + ' ' + (request.postData() ?? '')));
    return sent;
  }

  // sessions are the cookies by which somebody is signed in with us.
  async sessions() {
    return (await this.context.cookies(this.line.url)).filter(({ name }) => name === '__Host-s' || name === '__Host-n');
  }
}
