import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStateFolder } from '#platform';

const nobody = 65_534;
const modeOf = (path: string) => (statSync(path).mode & 0o7777).toString(8);

describe('the state directory', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-state-'));
    chmodSync(folder, 0o755);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is made for its owner alone', async () => {
    const path = join(folder, 'a', 'b');
    await openStateFolder(path);
    expect(modeOf(path)).toBe('700');
  });

  it.each([0o755, 0o777, 0o750, 0o2775])('that was there becomes so (mode %o)', async (mode) => {
    chmodSync(folder, mode);
    await openStateFolder(folder);
    expect((statSync(folder).mode & 0o077).toString(8)).toBe('0');
    await openStateFolder(folder);
  });

  it('is none that everybody writes to', async () => {
    chmodSync(folder, 0o1777);
    await expect(openStateFolder(folder)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('everybody writes'),
    });
    expect(modeOf(folder)).toBe('1777');
  });

  it('is cleared of what a killed process left half written', async () => {
    const [left, state] = [join(folder, 'budgets.json.12-3.new'), join(folder, 'budgets.json')];
    for (const file of [left, state]) {
      writeFileSync(file, '{');
      utimesSync(file, 0, 0);
    }
    await openStateFolder(folder);
    expect([existsSync(left), existsSync(state)]).toEqual([false, true]);
  });

  describe.skipIf(process.getuid?.() !== 0)('of another user, as a container’s volume may be', () => {
    const asNobody = async <T>(work: () => Promise<T>): Promise<T> => {
      const gid = process.getegid!();
      process.setegid!(nobody);
      process.seteuid!(nobody);
      try {
        return await work();
      } finally {
        process.seteuid!(0);
        process.setegid!(gid);
      }
    };
    const refusal = (path: string) =>
      asNobody(() =>
        openStateFolder(path).then(
          () => 'taken',
          (error: Error) => error.message,
        ),
      );

    it('is taken where its group may write and nobody else may look in', async () => {
      chownSync(folder, 0, nobody);
      chmodSync(folder, 0o2770);
      expect(await refusal(folder)).toBe('taken');
      expect(modeOf(folder)).toBe('2770');
    });

    it('is refused where everybody may look in', async () => {
      chownSync(folder, 0, nobody);
      chmodSync(folder, 0o775);
      expect(await refusal(folder)).toMatch(/is open to every user .*mode 0775, of user 0.*user 65534/);
    });

    it('is refused where it cannot be written', async () => {
      chmodSync(folder, 0o700);
      expect(await refusal(join(folder, 'state'))).toMatch(/cannot be made \(EACCES\)/);
      chownSync(folder, 0, nobody);
      chmodSync(folder, 0o750);
      expect(await refusal(folder)).toMatch(
        /belongs to user 0, and this process \(user 65534\) cannot write/,
      );
    });
  });
});
