import { Failure } from '../ui/states.js';

/** What a page that failed while it was drawn leaves behind. */
export function PageError({ error, reset }: { readonly error: unknown; readonly reset: () => void }) {
  return (
    <div className="page narrow">
      <Failure error={error} what="this page" retry={reset} />
    </div>
  );
}
