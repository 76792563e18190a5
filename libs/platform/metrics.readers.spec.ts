import { describe, expect, it } from 'vitest';
import { parseConfig } from './config.load.js';
import { MetricsReaders, type Scrape } from './metrics.readers.js';

const asked = (remoteAddress: string | undefined, forwarded?: string): Scrape =>
  ({
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    socket: { remoteAddress },
  }) as unknown as Scrape;
const readers = (yaml = '') => new MetricsReaders(parseConfig(yaml, '/nowhere/weir.yaml', '/nowhere/.weir'));

const yaml = `
identity: { trustedProxies: [127.0.0.1, 10.1.0.0/16] }
observability: { metrics: { from: [10.7.0.0/16, 'fd00::/8'] } }`;

describe('who reads metrics', () => {
  it.each(['127.0.0.1', '::1', '::ffff:127.0.0.1', undefined])('this machine, by default: %s', (from) => {
    expect(() => readers().expect(asked(from))).not.toThrow();
    expect(() => readers().expectLocal(asked(from))).not.toThrow();
  });

  it('nobody else, unless the configuration names them', () => {
    expect(() => readers().expect(asked('10.7.0.1'))).toThrow('not served');
    expect(() => readers(yaml).expect(asked('10.7.0.1'))).not.toThrow();
    expect(() => readers(yaml).expect(asked('::ffff:10.7.255.9'))).not.toThrow();
    expect(() => readers(yaml).expect(asked('fd00::9'))).not.toThrow();
    expect(() => readers(yaml).expect(asked('10.8.0.1'))).toThrow('not served');
    expect(() => readers(yaml).expect(asked('127.0.0.1'))).not.toThrow();
  });

  it('through a trusted proxy the one who asks it, whoever it is itself', () => {
    for (const proxy of ['127.0.0.1', '10.1.2.3']) {
      expect(() => readers(yaml).expect(asked(proxy, '10.7.0.1'))).not.toThrow();
      expect(() => readers(yaml).expect(asked(proxy, '203.0.113.9'))).toThrow('not served');
      expect(() => readers(yaml).expect(asked(proxy, '10.7.0.1, 203.0.113.9'))).toThrow('not served');
    }
  });

  it('nobody by what is said of them: of no stranger, and of nobody that they were this machine', () => {
    expect(() => readers(yaml).expect(asked('203.0.113.9', '10.7.0.1'))).toThrow('not served');
    expect(() => readers(yaml).expect(asked('10.1.2.3', '127.0.0.1'))).toThrow('not served');
    expect(() => readers(yaml).expect(asked(''))).toThrow('not served');
  });

  it('one process alone, only this machine', () => {
    expect(() => readers(yaml).expectLocal(asked('10.7.0.1'))).toThrow('loopback only');
    expect(() => readers(yaml).expectLocal(asked('127.0.0.1', '10.7.0.1'))).toThrow('loopback only');
  });

  it('is told the key and the line of what is no network', () => {
    expect(() => readers('observability: { metrics: { from: ["10.7"] } }')).toThrow(
      'weir.yaml:1: observability.metrics.from[0]: "10.7" is neither',
    );
  });
});
