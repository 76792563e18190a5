import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '#kernel';
import { ensureServerCertificate, loadServerCertificate } from '#wire';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-cert-'));
});
afterEach(() => rm(dir, { recursive: true }));

const day = 24 * 3600 * 1000;

describe('the server certificate', () => {
  it('is made on first start, for this host and loopback, its key for the owner alone', async () => {
    const made = await ensureServerCertificate(join(dir, 'tls'));
    const certificate = new X509Certificate(made.cert);
    for (const name of ['localhost', hostname()]) expect(certificate.checkHost(name)).toBe(name);
    for (const address of ['127.0.0.1', '::1']) expect(certificate.checkIP(address)).toBe(address);
    expect(certificate.checkHost('evil.example')).toBeUndefined();
    expect((await stat(join(dir, 'tls', 'server.key'))).mode & 0o777).toBe(0o600);
    expect(Date.parse(certificate.validTo) - Date.now()).toBeLessThan(2 * 366 * day);
  });

  it('stays from start to start, and is renewed before it ends', async () => {
    const clock = new ManualClock(Date.now());
    const first = await ensureServerCertificate(dir, clock);
    expect(await ensureServerCertificate(dir, clock)).toEqual(first);
    clock.advance(360 * day);
    expect(await ensureServerCertificate(dir, clock)).toEqual(first);
    clock.advance(10 * day);
    const second = await ensureServerCertificate(dir, clock);
    expect(second.cert).not.toBe(first.cert);
    expect(await readFile(join(dir, 'server.crt'), 'utf8')).toBe(second.cert);
  });

  it('that is given must be readable, whole and belong to its key', async () => {
    const [cert, key] = [join(dir, 'server.crt'), join(dir, 'server.key')];
    await ensureServerCertificate(dir);
    await loadServerCertificate(cert, key);
    await expect(loadServerCertificate(join(dir, 'nope'), key)).rejects.toThrow(
      /nope can't be read \(ENOENT\)/,
    );
    await expect(loadServerCertificate(key, key)).rejects.toThrow(/holds no certificate/);
    await expect(loadServerCertificate(cert, cert)).rejects.toThrow(/holds no private key/);
    await ensureServerCertificate(join(dir, 'other'));
    await expect(loadServerCertificate(cert, join(dir, 'other', 'server.key'))).rejects.toThrow(
      /does not belong/,
    );
  });

  it('is one for all who start at once in one folder', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, () => ensureServerCertificate(dir)));
    const kept = await loadServerCertificate(join(dir, 'server.crt'), join(dir, 'server.key'));
    for (const each of all) expect(each).toEqual(kept);
  });

  it('is made where whoever began it died', async () => {
    await writeFile(join(dir, 'server.key'), (await ensureServerCertificate(join(dir, 'other'))).key);
    const made = await ensureServerCertificate(dir);
    expect(await loadServerCertificate(join(dir, 'server.crt'), join(dir, 'server.key'))).toEqual(made);
  });

  it('is made anew where the files are damaged', async () => {
    await ensureServerCertificate(dir);
    await writeFile(join(dir, 'server.crt'), 'half a file');
    const made = await ensureServerCertificate(dir);
    expect(new X509Certificate(made.cert).checkHost('localhost')).toBe('localhost');
  });
});
