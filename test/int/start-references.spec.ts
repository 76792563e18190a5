import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { startHouse } from '../../services/all/house.js';

it('a start without two secrets names both, before it begins anything', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-start-'));
  const issuer = (name: string) =>
    `{ name: ${name}, issuer: "https://${name}.example", audience: weir, signIn: { clientId: a, clientSecret: env:${name.toUpperCase()}_SECRET } }`;
  const text = `identity:\n  oidc:\n    - ${issuer('one')}\n    - ${issuer('two')}\n`;
  writeFileSync(join(folder, 'weir.yaml'), text);
  await expect(startHouse({}, folder)).rejects.toThrow(
    /^weir\.yaml:3: .*ONE_SECRET is not set\nweir\.yaml:4: .*TWO_SECRET is not set$/,
  );
  expect(readdirSync(folder)).toEqual(['weir.yaml']);
  rmSync(folder, { recursive: true });
});
