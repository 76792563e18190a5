import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CommitGroup } from './commit-group.js';

function group(commit: () => Promise<void> | undefined) {
  const calls: string[] = [];
  const journal = {
    commit: () => {
      calls.push('commit');
      return commit();
    },
  };
  const commits = new CommitGroup(journal);
  const waiter = (name: string) => ({
    waiting: () => void calls.push(`${name} waits`),
    done: (error?: unknown) => void calls.push(`${name} ${error === undefined ? 'done' : String(error)}`),
  });
  return { calls, commits, waiter };
}

describe('group commit', () => {
  it('writes once for all sessions of a turn, before anything goes out', async () => {
    const { calls, commits, waiter } = group(() => undefined);
    commits.whenSafe(waiter('a'));
    commits.whenSafe(waiter('b'));
    expect(calls).toEqual([]);
    await turn();
    expect(calls).toEqual(['commit', 'a done', 'b done']);
  });

  it('in strict mode says when the wait begins, and lets nothing out before its end', async () => {
    let sync = () => {};
    const { calls, commits, waiter } = group(() => new Promise<void>((resolve) => (sync = resolve)));
    commits.whenSafe(waiter('a'));
    await turn();
    expect(calls).toEqual(['commit', 'a waits']);
    sync();
    await turn();
    expect(calls).toEqual(['commit', 'a waits', 'a done']);
  });

  it('tells everybody when the journal cannot be written', async () => {
    const thrown = group(() => {
      throw new Error('full');
    });
    const rejected = group(() => Promise.reject(new Error('disk')));
    for (const { commits, waiter } of [thrown, rejected]) commits.whenSafe(waiter('a'));
    await turn();
    await turn();
    expect(thrown.calls).toContain('a Error: full');
    expect(rejected.calls).toContain('a Error: disk');
  });
});
