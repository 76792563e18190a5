import { useCallback, useEffect, useRef, useState } from 'react';
import { getSessionsByIdEvents } from '../../api/gen/sdk.gen.js';
import { Replay, type ReplayEntry } from './replay.js';

/** Entries that are read at once: a session can have a hundred thousand statements. */
const step = 200;

interface Shown {
  readonly entries: readonly ReplayEntry[];
  readonly state: 'reading' | 'more' | 'done' | 'failed';
  /** Events that were read. */
  readonly taken: number;
  readonly error?: unknown;
}

export interface ReplayState extends Shown {
  /** Reads on. */
  more(): void;
  /** Reads again from the start: an open session goes on. What is shown stays until then. */
  again(): void;
}

const nothing: Shown = { entries: [], state: 'reading', taken: 0 };

/** For one session: whoever shows another begins anew. Reads its events as they come, and no further than somebody looks; at least to the one that is wanted. */
export function useReplay(id: string, wanted: string): ReplayState {
  const [shown, setShown] = useState(nothing);
  const [round, setRound] = useState(0);
  const proceed = useRef<(() => void) | undefined>(undefined);
  useEffect(() => {
    const stop = new AbortController();
    const show = (change: Partial<Shown>) => {
      if (!stop.signal.aborted) setShown((before) => ({ ...before, ...change }));
    };
    const pause = () => new Promise<void>((resolve) => (proceed.current = resolve));
    read(id, wanted, stop.signal, show, pause).catch((error: unknown) => show({ state: 'failed', error }));
    return () => {
      stop.abort();
      proceed.current?.();
    };
  }, [id, wanted, round]);
  const more = useCallback(() => {
    setShown((before) => ({ ...before, state: 'reading' }));
    proceed.current?.();
  }, []);
  const again = useCallback(() => setRound((before) => before + 1), []);
  return { ...shown, more, again };
}

async function read(
  id: string,
  wanted: string,
  signal: AbortSignal,
  show: (change: Partial<Shown>) => void,
  pause: () => Promise<void>,
): Promise<void> {
  const replay = new Replay();
  const now = (state: Shown['state']) => show({ state, entries: replay.entries, taken: replay.taken });
  let pausedAt = 0;
  for await (const line of eventLines(id, signal)) {
    replay.take(line);
    if (replay.size < pausedAt + step || (wanted !== '' && !replay.has(wanted))) continue;
    pausedAt = replay.size;
    now('more');
    await pause();
  }
  now('done');
}

async function* eventLines(id: string, signal: AbortSignal): AsyncGenerator<Record<string, unknown>> {
  const { data } = await getSessionsByIdEvents({ path: { id }, parseAs: 'stream', signal });
  const reader = (data as unknown as ReadableStream<Uint8Array>)
    .pipeThrough(new TextDecoderStream() as never)
    .getReader();
  let rest = '';
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (rest + String(part.value)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield JSON.parse(line) as Record<string, unknown>;
  }
  if (rest !== '') yield JSON.parse(rest) as Record<string, unknown>;
}
