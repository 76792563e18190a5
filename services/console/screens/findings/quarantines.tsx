import { useState } from 'react';
import { useHas } from '../../app/me.js';
import { count, plain } from '../../ui/amounts.js';
import { Button } from '../../ui/button.js';
import { Failure } from '../../ui/states.js';
import { visible } from '../../ui/visible.js';
import type { Quarantine } from './levels.js';
import { LiftDialog } from './lift-dialog.js';
import { Standing, useQuarantines } from './quarantine.js';

/** A rule that quarantines many must not push findings out of sight. */
const atOnce = 3;

/** Who is in quarantine, whoever set it and why; nothing while nobody is. */
export function StandingQuarantines() {
  const { data, isError, error, refetch } = useQuarantines();
  if (isError && !data)
    return <Failure error={error} what="who is in quarantine" retry={() => void refetch()} />;
  if (!data || data.quarantines.length === 0) return null;
  const more = data.quarantines.slice(atOnce);
  return (
    <section className="quarantines" aria-labelledby="quarantines">
      <h2 id="quarantines">
        {count(data.quarantines.length, 'identity is', 'identities are')} in quarantine
      </h2>
      <Each quarantines={data.quarantines.slice(0, atOnce)} />
      {more.length > 0 && (
        <details>
          <summary>and {plain(more.length)} more</summary>
          <Each quarantines={more} />
        </details>
      )}
    </section>
  );
}

function Each({ quarantines }: { readonly quarantines: readonly Quarantine[] }) {
  return (
    <ul>
      {quarantines.map((quarantine) => (
        <li key={quarantine.identity}>
          <One quarantine={quarantine} />
        </li>
      ))}
    </ul>
  );
}

function One({ quarantine }: { readonly quarantine: Quarantine }) {
  const [lifting, setLifting] = useState(false);
  const mayLift = useHas('security');
  return (
    <>
      <Standing quarantine={quarantine} />
      {mayLift && (
        <Button
          aria-label={`Lift the quarantine of ${visible(quarantine.identity)}…`}
          onClick={() => setLifting(true)}
        >
          Lift…
        </Button>
      )}
      {lifting && <LiftDialog quarantine={quarantine} onClose={() => setLifting(false)} />}
    </>
  );
}
