import { describe, expect, it } from 'vitest';
import { listenersOf } from './config.listening.js';
import { parseConfig } from './config.load.js';
import { openStateFolders } from './state.folder.js';

const listening = listenersOf('http=127.0.0.1:18081, sql=off');
const file = 'listen: { http: 127.0.0.1:8081, postgres: 127.0.0.1:15433 }';

describe('what a start says beside the file', () => {
  it('is where this process listens; people find the house where the file says', () => {
    const { listen, publicUrl } = parseConfig(file, '/etc/weir.yaml', '/state', { listening });
    expect(listen).toEqual({ http: '127.0.0.1:18081', postgres: '127.0.0.1:15433', sql: 'off' });
    expect(publicUrl).toBe('http://127.0.0.1:8081');
  });

  it('stays when the file is read again', () => {
    const { dataDir, ...start } = parseConfig(file, '/etc/weir.yaml', '/state', {
      ...{ listening, sharedDir: '/shared' },
    });
    const again = parseConfig('', '/etc/weir.yaml', dataDir, start);
    expect([again.listen.http, again.sharedDir]).toEqual(['127.0.0.1:18081', '/shared']);
  });

  it('is nothing where it says nothing', () => {
    expect([listenersOf(undefined), listenersOf('')]).toEqual([{}, {}]);
    expect(parseConfig('', '/etc/weir.yaml', '/state')).toMatchObject({ sharedDir: '/state', listening: {} });
  });

  it.each([
    ['http', 'http'],
    ['http=8080', 'expected host:port'],
    ['http=off', 'expected host:port'],
    ['ftp=127.0.0.1:21', 'ftp'],
    ['http=127.0.0.1:1,=x', 'expected'],
  ])('is refused for %s', (text, message) => {
    expect(() => listenersOf(text)).toThrow(message);
  });

  it('shares no folder beside an embedded log: that is in the state directory', async () => {
    const config = parseConfig('', '/etc/weir.yaml', '/tmp/weir-spec-state', {
      sharedDir: '/tmp/weir-spec-shared',
    });
    await expect(openStateFolders(config)).rejects.toThrow('an embedded log is in one state directory');
  });
});
