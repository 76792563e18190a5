import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlainBrowser, signInAs, type Me } from '../support/browser.js';
import { IdentityHouse } from './identity.house.js';
import { json } from '../support/json.js';

let house: IdentityHouse;
beforeAll(async () => {
  house = await IdentityHouse.start();
});
afterAll(() => house.stop());

/** What the development provider's discovery answers to these headers. */
const discovered = (headers: Record<string, string>) =>
  new Promise((resolve, reject) => {
    const url = `${house.url}/dev-idp/.well-known/openid-configuration`;
    const asked = request(url, { headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.once('error', reject).end();
  });

const me = async (browser: PlainBrowser) => json<Me>(await browser.ask(`${house.url}/api/identity/me`));

describe('signing in at the development provider', () => {
  it.each([
    ['agent', 'agents', []],
    ['approver', 'approvers', ['approver']],
    ['security', 'security', ['security']],
    ['auditor', 'auditors', ['auditor']],
    ['operator', 'operators', ['operator']],
  ])('with one click as %s', async (role, group, roles) => {
    const browser = new PlainBrowser();
    const landed = await signInAs(browser, house.url, role, '/approvals?status=all');
    expect(landed.url).toBe(`${house.url}/approvals?status=all`);
    const who = await me(browser);
    expect(who).toMatchObject({ id: `dev:dev-${role}`, groups: [group], roles });
    expect(who.pageSession).toMatchObject({ provider: 'dev' });
  });

  it('ends with signing out, here and at the provider', async () => {
    const browser = new PlainBrowser();
    await signInAs(browser, house.url, 'approver');
    const cookie = browser.cookies(house.url);
    const csrf = (await me(browser)).pageSession!.csrf;
    const out = await browser.ask(`${house.url}/api/identity/sign-out`, {
      method: 'POST',
      headers: { 'x-weir-csrf': csrf },
    });
    const { continue: next } = await json<{ continue: string }>(out);
    expect(browser.cookie(house.url, 'weir')).toBeUndefined();
    const stolen = await fetch(`${house.url}/api/identity/me`, { headers: { cookie } });
    expect(stolen.status).toBe(401);
    const asked = await browser.open(next);
    const landed = await browser.submit(asked, { logout: 'yes' }, (at) => at.endsWith('/sign-in'));
    expect(landed.url).toBe(`${house.url}/sign-in`);
  });
});

describe("the development provider's pages", () => {
  const strict = (answer: Response) => answer.headers.get('content-security-policy') ?? '';
  const plain = (html: string) => {
    expect(html).not.toMatch(/<script|<style|\sstyle=|\son[a-z]+=|javascript:/i);
    return html;
  };

  it('run no script and take no style but their own', async () => {
    const browser = new PlainBrowser();
    const { url, html } = await browser.open(`${house.url}/api/identity/sign-in/dev`);
    plain(html);
    const again = await browser.ask(url);
    expect(strict(again)).toMatch(/^default-src 'none'; style-src 'self'; form-action 'self' /);
    expect(strict(again)).not.toContain('unsafe');
    expect(strict(again)).toContain("frame-ancestors 'none'");
    const [, sheet = ''] = /href="([^"]+\.css)"/.exec(html) ?? [];
    expect((await fetch(house.url + sheet)).headers.get('content-type')).toContain('text/css');
    for (const path of [
      '/device',
      '/device?user_code=%22%3E%3Cscript%3E',
      '/session/end',
      '/auth?client_id=%3Cb%3E',
    ]) {
      const answer = await browser.ask(`${house.url}/dev-idp${path}`);
      expect([path, strict(answer)]).toEqual([path, strict(again)]);
      expect(plain(await answer.text())).toContain('<h1>');
    }
  });

  it.each(['plain', 'a onclick=', 'a onclick="b" c', '$& </form> <noscript>x</noscript>'])(
    'take an answer by form to the address as it is, the state %j too',
    async (state) => {
      const browser = new PlainBrowser();
      const asked = new URLSearchParams({
        ...{ client_id: 'weir-pages', redirect_uri: `${house.url}/api/identity/callback/dev`, state },
        ...{ response_type: 'code', response_mode: 'form_post', scope: 'openid' },
        ...{ code_challenge: 'A'.repeat(43), code_challenge_method: 'S256' },
      });
      const roles = await browser.open(`${house.url}/dev-idp/auth?${asked.toString()}`);
      const { html } = await browser.submit(roles, { role: 'approver' });
      const fields = new Map(
        [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"\/>/g)].map(
          ([, name, value]) => [name!, unescaped(value!)],
        ),
      );
      expect([...fields.keys()]).toEqual(['code', 'state', 'iss']);
      expect(fields.get('state')).toBe(state);
      expect(html).toMatch(/<form method="post" action="[^"]*\/api\/identity\/callback\/dev">/);
      expect(html).toContain('<button autofocus type="submit">Continue</button>');
      expect(html).not.toMatch(/<script|<noscript/);
    },
  );

  it('know their roles, and the browser that began', async () => {
    const browser = new PlainBrowser();
    const roles = await browser.open(`${house.url}/api/identity/sign-in/dev`);
    expect((await browser.submit(roles, { role: 'root' })).status).toBe(400);
    expect((await new PlainBrowser().submit(roles, { role: 'approver' })).status).toBe(400);
    expect((await browser.submit(roles, { role: 'approver' }, (at) => at === `${house.url}/`)).url).toBe(
      `${house.url}/`,
    );
  });

  it('are not served to a name that was made to point here', async () => {
    expect(await discovered({ host: 'evil.example:8080' })).toBe(421);
    expect(await discovered({ host: '127.0.0.1.evil.example' })).toBe(421);
    expect(await discovered({ host: 'localhost:8080' })).toBe(200);
  });

  it.each([
    ...['x-forwarded-for', 'X-Forwarded-Host', 'x-forwarded-proto', 'x-forwarded', 'x-real-ip'],
    ...['forwarded', 'via'],
  ])('are not served through a proxy, whatever its client says the host is: %s', async (name) => {
    expect(await discovered({ host: '127.0.0.1:8080', [name]: '127.0.0.1' })).toBe(421);
    expect(await discovered({ host: '127.0.0.1:8080', [name]: '' })).toBe(421);
    expect(await discovered({ host: '127.0.0.1:8080', 'x-other': '127.0.0.1' })).toBe(200);
  });

  it('send the browser that came by another loopback name to the one that is configured', async () => {
    const { port } = new URL(house.url);
    const answer = await fetch(`http://localhost:${port}/api/identity/sign-in/dev?to=/a`, {
      redirect: 'manual',
    });
    expect(answer.headers.get('location')).toBe(`${house.url}/api/identity/sign-in/dev?to=/a`);
  });

  it('forget who it was: another role signs in next, in the same browser', async () => {
    const browser = new PlainBrowser();
    await signInAs(browser, house.url, 'approver');
    await signInAs(browser, house.url, 'auditor');
    expect(await me(browser)).toMatchObject({ id: 'dev:dev-auditor' });
  });
});

describe('GET /identity/providers', () => {
  it('names where people and commands sign in, to anyone', async () => {
    const answer = await fetch(`${house.url}/api/identity/providers`);
    expect(await answer.json()).toEqual({
      providers: [
        {
          name: 'dev',
          kind: 'oidc',
          label: 'Development provider',
          signIn: '/api/identity/sign-in/dev',
          cli: {
            issuer: `${house.url}/dev-idp`,
            clientId: 'weir-cli',
            scopes: ['openid', 'profile', 'offline_access'],
          },
        },
      ],
    });
  });
});

function unescaped(text: string): string {
  const letters: Record<string, string> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' };
  return text.replace(/&(lt|gt|quot|#39|amp);/g, (_, name: string) => letters[name]!);
}
