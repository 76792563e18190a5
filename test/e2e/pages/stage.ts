import pg from 'pg';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { PlainBrowser, signInAs } from '../../support/browser.js';
import { picture, seriousViolations, TestBrowser, type View } from '../../support/chromium.js';
import { eventually, TestHouse } from '../../support/house.js';
import { startPostgres, type PostgresServer } from '../../support/peers.js';
import { hostileOwner, hostileTable } from './hostile.js';

export type Role = 'agent' | 'approver' | 'security' | 'auditor' | 'operator';

/** A page, and what its console and the content-security policy complained of. */
export interface Opened {
  readonly page: Page;
  readonly complaints: readonly string[];
}

/** As whom a client connects. */
export interface Client {
  readonly connection?: string;
  readonly program?: string;
  readonly user?: string;
  readonly token?: string;
}

export interface Held {
  readonly id: string;
  /** What became of the statement: its rows, or its error. */
  readonly answer: Promise<string>;
  /** The client goes, and the request is withdrawn. */
  leave(): Promise<void>;
}

const refusedLoad = /^Failed to load resource: the server responded with a status of (400|401|403|404|409)/;

/** A whole gate with the demo database and a PostgreSQL whose names are bad, and browsers of people signed in to it. */
export class PagesStage {
  private readonly browser = TestBrowser.open();
  private readonly cookies = new Map<Role, string>();
  private readonly clients = new Set<pg.Client>();

  private constructor(
    readonly house: TestHouse,
    private readonly shop: PostgresServer,
  ) {}

  static async build(): Promise<PagesStage> {
    const shop = await startPostgres();
    await furnish(shop);
    const target = `host: ${shop.host}, port: ${shop.port}, database: ${shop.database}, tls: disable`;
    const house = await TestHouse.start({
      restless: true,
      yaml: `demo: true
connections:
  - { name: shop, protocol: postgres, ${target}, user: shop, password: none, owner: ${JSON.stringify(hostileOwner)} }`,
    });
    const stage = new PagesStage(house, shop);
    // The demo database may come a moment after the gate.
    await eventually(async () => (await stage.connect()) !== undefined);
    await stage.tidy();
    return stage;
  }

  at(path: string): string {
    return this.house.url + path;
  }

  /** Somebody's browser, signed in at the gate as one is: by the development provider's button. */
  async page(role?: Role, view: View = {}): Promise<Opened> {
    const { width = 1280, height = width < 500 ? 844 : 900 } = view;
    const opened = await this.browser.page({ ...view, width, height });
    opened.page.setDefaultTimeout(20_000);
    if (role) await this.signIn(opened.page, await this.cookieOf(role));
    return opened;
  }

  async open(path: string, role?: Role, view?: View): Promise<Opened> {
    const opened = await this.page(role, view);
    await opened.page.goto(this.at(path));
    return opened;
  }

  /** A session of its own, for a test that ends it. */
  async newSession(role: Role): Promise<PlainBrowser> {
    const person = new PlainBrowser();
    await signInAs(person, this.house.url, role);
    return person;
  }

  async signIn(page: Page, cookie: string): Promise<void> {
    await page.context().addCookies([{ name: 'weir', value: cookie, url: this.house.url, httpOnly: true }]);
  }

  sessionCookie(person: PlainBrowser): string {
    return person.cookie(this.house.url, 'weir') ?? '';
  }

  private async cookieOf(role: Role): Promise<string> {
    const cookie = this.cookies.get(role) ?? this.sessionCookie(await this.newSession(role));
    this.cookies.set(role, cookie);
    return cookie;
  }

  async connect({ connection = 'demo', program = 'night-batch', user, token }: Client = {}) {
    const client = new pg.Client({
      ...(await this.house.client(connection)),
      application_name: program,
      ...(user === undefined ? {} : { user }),
      ...(token === undefined ? {} : { password: token }),
    });
    client.on('error', () => undefined);
    await client.connect();
    this.clients.add(client);
    return client;
  }

  async waiting(): Promise<readonly { readonly id: string }[]> {
    type List = { approvals: { id: string }[] };
    return (await this.house.json<List>('approver', '/api/approvals?status=pending')).approvals;
  }

  /** Sends what must be approved, and resolves once it waits. */
  async hold(sql: string, values: readonly unknown[] = [], as: Client = {}): Promise<Held> {
    const known = new Set((await this.waiting()).map(({ id }) => id));
    const client = await this.connect(as);
    const answer = client.query(sql, [...values]).then(
      ({ rowCount }) => `${rowCount} rows`,
      (error: Error) => error.message,
    );
    let id = '';
    await eventually(async () => {
      id = (await this.waiting()).find((item) => !known.has(item.id))?.id ?? '';
      return id !== '';
    });
    return { id, answer, leave: () => this.leave(client) };
  }

  private async leave(client: pg.Client): Promise<void> {
    this.clients.delete(client);
    await client.end();
  }

  /** A picture in both widths, axe in both, nothing cut or wider than the window, nothing that the policy refused. */
  async inspect({ page, complaints }: Opened, name: string): Promise<void> {
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: width === 390 ? 844 : 900 });
      await picture(page, `${name}-${width}`, true);
      expect(await seriousViolations(page)).toEqual([]);
      const wide = await page.evaluate<number>('document.documentElement.scrollWidth - window.innerWidth');
      expect(wide, `${name} at ${width} px is wider than the window`).toBeLessThanOrEqual(0);
      if (width === 390) expect(await page.evaluate(cutSideways), `${name} is cut`).toEqual([]);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    this.noComplaints(complaints);
  }

  noComplaints(complaints: readonly string[]): void {
    expect(complaints.filter((each) => !refusedLoad.test(each))).toEqual([]);
  }

  /** After each test: what it opened is closed, what it held waits no longer. */
  async tidy(): Promise<void> {
    await this.browser.closePages();
    await Promise.all([...this.clients].map((client) => this.leave(client)));
    await eventually(async () => (await this.waiting()).length === 0);
  }

  async down(): Promise<void> {
    await this.browser.close();
    await this.house.stop();
    await this.shop.stop();
  }
}

/** What stands in a box of its own and is wider than it, as classes: on a narrow screen nobody scrolls sideways. */
const cutSideways = `[...document.querySelectorAll('main *, [role=dialog], [role=dialog] *')]
  .filter((each) => getComputedStyle(each).overflowX !== 'visible' && !each.matches('.unseen, input, select'))
  .filter((each) => each.scrollWidth > each.clientWidth + 1)
  .map((each) => each.className || each.tagName)`;

async function furnish({ host, port, superuser, password, database }: PostgresServer): Promise<void> {
  const admin = new pg.Client({ host, port, user: superuser, password, database });
  await admin.connect();
  const table = pg.escapeIdentifier(hostileTable);
  await admin.query(`create role shop login password 'none'; create table ${table} (${table} text, n int);
    insert into ${table} values ('one', 1); grant all on ${table} to shop;`);
  await admin.end();
}
