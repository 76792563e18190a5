import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { getQuarantinesOptions } from '../../api/gen/@tanstack/react-query.gen.js';
import { useAttended } from '../../app/attended.js';
import { useHas } from '../../app/me.js';
import { useShortcut } from '../../app/shortcuts.js';
import { Button } from '../../ui/button.js';
import { Section } from '../../ui/facts.js';
import { Failure, Loading } from '../../ui/states.js';
import { Tag } from '../../ui/tag.js';
import { Time } from '../../ui/time.js';
import { Visible } from '../../ui/visible-text.js';
import { levelWords, type Quarantine } from './levels.js';
import { LiftDialog } from './lift-dialog.js';
import { QuarantineDialog } from './quarantine-dialog.js';

/** Those that stand; asked again while somebody is there, as others set and lift them too. */
export function useQuarantines() {
  const attended = useAttended();
  return useQuery({ ...getQuarantinesOptions(), refetchInterval: attended ? 10_000 : false });
}

interface QuarantineOfProps {
  readonly identity: string;
  /** On account of which finding one is set. */
  readonly findingId?: string;
  /** Whether `q` and `l` are its keys: a page has them once. */
  readonly keys: boolean;
}

/** Whether an identity is in quarantine, and the way in and out for whoever may. */
export function QuarantineOf({ identity, findingId, keys }: QuarantineOfProps) {
  const { data, isPending, isError, error, refetch } = useQuarantines();
  const [doing, setDoing] = useState<'set' | 'lift'>();
  const maySet = useHas('security') && data !== undefined;
  const standing = data?.quarantines.find((each) => each.identity === identity);
  useShortcut('q', 'Quarantine…', () => setDoing('set'), keys && maySet);
  useShortcut('l', 'Lift the quarantine…', () => setDoing('lift'), keys && maySet && standing !== undefined);
  const close = () => setDoing(undefined);
  return (
    <Section title="Quarantine">
      {isPending && <Loading what="quarantines" />}
      {isError && !data && <Failure error={error} what="quarantines" retry={() => void refetch()} />}
      {data && standing && <Standing quarantine={standing} />}
      {data && !standing && (
        <p>
          <Visible text={identity} /> <span className="faint">is in none.</span>
        </p>
      )}
      {maySet && (
        <p className="finding-acts">
          <Button look="danger" onClick={() => setDoing('set')}>
            {standing ? 'Change the quarantine…' : 'Quarantine…'} {keys && <kbd>q</kbd>}
          </Button>
          {standing && (
            <Button onClick={() => setDoing('lift')}>Lift the quarantine… {keys && <kbd>l</kbd>}</Button>
          )}
        </p>
      )}
      {doing === 'set' && (
        <QuarantineDialog identity={identity} standing={standing} findingId={findingId} onClose={close} />
      )}
      {doing === 'lift' && standing && <LiftDialog quarantine={standing} onClose={close} />}
    </Section>
  );
}

/** One that stands, with what it does. */
export function Standing({ quarantine }: { readonly quarantine: Quarantine }) {
  const { identity, level, reason, by, since, findingId } = quarantine;
  const { word, tone, does } = levelWords(level);
  return (
    <div className="standing">
      <p className="standing-top">
        <strong>
          <Visible text={identity} />
        </strong>
        <Tag tone={tone}>
          <Visible text={word} />
        </Tag>
        <span className="faint">{does}</span>
      </p>
      <p>
        <Visible text={reason} />
      </p>
      <p className="faint">
        by <Visible text={by} />, <Time value={since} />
        {findingId !== '' && (
          <>
            {', on account of '}
            <Link to="/findings/$id" params={{ id: findingId }}>
              a finding
            </Link>
          </>
        )}
      </p>
    </div>
  );
}
