import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Receiver } from '../int/webhooks.receiver.js';
import { TestBrowser } from '../support/chromium.js';
import { TestHouse } from '../support/house.js';
import { peer } from '../support/peers.js';

const secret = `whsec_${randomBytes(24).toString('base64')}`;

/** From a fresh start to a statement that has run, with nothing between but what a person has: a link and a browser. */
describe.skipIf(!peer('chromium') || !peer('psql'))(
  'a statement that psql holds',
  { timeout: 90_000 },
  () => {
    let receiver: Receiver;
    let house: TestHouse;
    let browser: TestBrowser;
    beforeAll(async () => {
      receiver = await Receiver.open();
      const item = `{ name: chat, url: '${receiver.url}', secret: env:WEIR_SPEC_HOOK, allowPrivate: [127.0.0.1] }`;
      house = await TestHouse.start({
        yaml: `demo: true\nwebhooks: [${item}]`,
        env: { WEIR_SPEC_HOOK: secret },
      });
      browser = TestBrowser.open();
    }, 120_000);
    afterAll(async () => {
      await browser?.close();
      await house?.stop();
      await receiver?.close();
    });

    const update = (id: number) =>
      house.psql('demo', ['-c', `UPDATE orders SET status = 'paid' WHERE id = ${id}`]);

    /** The link that the newest webhook has, its signature checked. */
    async function linkOf(count: number): Promise<{ url: string; id: string }> {
      await receiver.until(count);
      const { body, headers } = receiver.received[count - 1]!;
      new Webhook(secret).verify(body, headers as Record<string, string>);
      const { data } = JSON.parse(body) as { data: { url: string; id: string } };
      return data;
    }

    it('is told of by a webhook, whose link leads through the sign-in to the page where it is approved', async () => {
      const run = update(7);
      const { url, id } = await linkOf(1);
      const { page, complaints } = await browser.page();
      await page.goto(url);
      await page.waitForURL('**/sign-in?*');
      await page.getByRole('link', { name: /Continue with/ }).click();
      await page.getByRole('button', { name: /approver/ }).click();
      await page.waitForURL(`**/approvals/${id}`);
      await page.getByText('Exactly this would run').waitFor();
      // The target's own estimate, and who asks from where.
      await page.getByText(/psql/).first().waitFor();
      await page.keyboard.press('a');
      await page.getByRole('dialog').waitFor();
      await page.keyboard.type('invoice 4711 is paid');
      await page.keyboard.press('Control+Enter');
      expect(await run).toMatchObject({ code: 0, stdout: expect.stringContaining('UPDATE 1') });
      await page.getByText('invoice 4711 is paid').waitFor();
      await receiver.until(2);
      expect(receiver.bodies[1]).toMatchObject({
        type: 'approval.decided',
        data: { id, status: 'approved' },
      });
      expect(complaints.filter((each) => !/status of 401/.test(each))).toEqual([]);
    });

    it('and by the command alone', async () => {
      const run = update(8);
      const { id } = await linkOf(3);
      expect(await house.weir('approvals', id)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('UPDATE orders'),
      });
      expect((await house.weir('approve', id, '--reason', 'seen')).code).toBe(0);
      expect(await run).toMatchObject({ code: 0, stdout: expect.stringContaining('UPDATE 1') });
    });
  },
);
