import { describe, expect, it } from 'vitest';
import { startOptions } from './start.options.js';
import { targetNames } from './targets.js';

describe('the flags of a start', () => {
  it('are none for the whole house', () => {
    expect(startOptions([])).toEqual({ targets: targetNames, listen: undefined });
  });

  it.each([
    [['--target=audit'], ['audit']],
    [
      ['--target', 'proxy,identity'],
      ['identity', 'proxy'],
    ],
    [
      ['--target=policy', '--target', 'approval', '--target=policy'],
      ['policy', 'approval'],
    ],
  ])('%j name services', (args, targets) => {
    expect(startOptions(args).targets).toEqual(targets);
  });

  it('name listeners', () => {
    const { listen } = startOptions(['--listen', 'http=127.0.0.1:1', '--listen=sql=off']);
    expect(listen).toBe('http=127.0.0.1:1,sql=off');
  });

  it.each([
    [['--target=gate'], 'there is identity, policy, proxy, approval, audit'],
    [['--target='], 'there is identity'],
    [['--taget=audit'], '--taget'],
    [['audit'], 'audit'],
  ])('%j are refused', (args, message) => {
    expect(() => startOptions(args)).toThrow(message);
  });
});
