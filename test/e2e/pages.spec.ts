import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { picture, seriousViolations, TestBrowser } from '../support/browser.js';
import { TestHouse } from '../support/house.js';
import { peer } from '../support/peers.js';

const chromium = peer('chromium');

describe.skipIf(!chromium)('the pages', () => {
  let house: TestHouse;
  let browser: TestBrowser;
  beforeAll(async () => {
    house = await TestHouse.start({ yaml: 'demo: true' });
    browser = TestBrowser.open();
  });
  afterAll(async () => {
    await browser?.close();
    await house?.stop();
  });

  it('list what waits, and a person approves it', async () => {
    const client = new pg.Client(await house.client('demo'));
    await client.connect();
    const held = client.query("UPDATE orders SET status = 'paid' WHERE id = $1", [7]);
    const id = await house.pendingApproval();
    const { page, complaints } = await browser.page({ token: await house.token('approver') });
    await page.goto(`${house.url}/approvals`);
    await page.getByRole('link', { name: /update/i }).waitFor();
    await picture(page, 'approvals-thin');
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/approvals/${id}`);
    await page.getByText('Exactly this would run').waitFor();
    await picture(page, 'approval-thin');
    await page.keyboard.press('a');
    await page.getByRole('dialog').waitFor();
    await page.getByRole('textbox').fill('ticket 4711');
    await picture(page, 'approve-thin');
    await page.keyboard.press('Control+Enter');
    expect((await held).rowCount).toBe(1);
    expect(await seriousViolations(page)).toEqual([]);
    await client.end();
    expect(complaints.filter((each) => !/stream|activity|404/.test(each))).toEqual([]);
  });
});
