import { useEffect, useEffectEvent, useState } from 'react';
import { getIdentityMe } from '../../api/gen/sdk.gen.js';
import { attendedNow } from '../../app/attended.js';
import { useShown } from '../../app/shown.js';
import type { Approval } from './approval.js';

export type StreamState = 'connecting' | 'live' | 'off';

interface Listener {
  onItem(item: Approval): void;
  /** Connected, or again: what came in between is not told. */
  onConnected(): void;
}

/** EventSource tries again by itself when a connection breaks, but not after an answer that is no stream. */
const againAfterMs = 10_000;

/**
 * Listens to what becomes of requests while the component is shown, and the page can be seen: a browser has six
 * connections to a host, for all its tabs.
 */
export function useApprovalStream(listener: Listener): StreamState {
  const [state, setState] = useState<StreamState>('connecting');
  const isShown = useShown();
  const onItem = useEffectEvent((item: Approval) => listener.onItem(item));
  const onConnected = useEffectEvent(() => listener.onConnected());
  useEffect(() => {
    if (!isShown) return;
    let source: EventSource | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const connect = () => {
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
        timer = setTimeout(connectAgain, againAfterMs);
      });
    };
    // Each time it is refused it asks who is here, and that is a use of the session.
    const connectAgain = () => {
      if (attendedNow()) connect();
      else timer = setTimeout(connectAgain, againAfterMs);
    };
    connect();
    return () => {
      clearTimeout(timer);
      source?.close();
      setState('connecting');
    };
  }, [isShown]);
  return state;
}
