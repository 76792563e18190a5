import { useEffect, useEffectEvent, useState } from 'react';
import { getIdentityMe } from '../../api/gen/sdk.gen.js';
import { attendedNow } from '../../app/attended.js';
import type { Approval } from './approval.js';

export type StreamState = 'connecting' | 'live' | 'off';

interface Listener {
  onItem(item: Approval): void;
  /** Connected, or again: what came in between is not told. */
  onConnected(): void;
}

/** EventSource tries again by itself when a connection breaks, but not after an answer that is no stream. */
const againAfterMs = 10_000;

/** Listens to what becomes of requests while the component is shown. */
export function useApprovalStream(listener: Listener): StreamState {
  const [state, setState] = useState<StreamState>('connecting');
  const onItem = useEffectEvent((item: Approval) => listener.onItem(item));
  const onConnected = useEffectEvent(() => listener.onConnected());
  useEffect(() => {
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const connect = () => {
      if (!attendedNow()) {
        timer = setTimeout(connect, againAfterMs);
        return;
      }
      source = new EventSource('/api/approvals/stream');
      source.addEventListener('open', () => {
        setState('live');
        onConnected();
      });
      source.addEventListener('approval', ({ data }: MessageEvent<string>) => {
        onItem(JSON.parse(data) as Approval);
      });
      source.addEventListener('error', () => {
        setState('off');
        if (source?.readyState !== EventSource.CLOSED) return;
        // It does not say why: an ended session shows itself here, and leads to the sign-in page.
        void getIdentityMe().catch(() => undefined);
        timer = setTimeout(connect, againAfterMs);
      });
    };
    connect();
    return () => {
      clearTimeout(timer);
      source?.close();
    };
  }, []);
  return state;
}
