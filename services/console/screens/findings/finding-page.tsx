import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { getFindingsByIdOptions } from '../../api/gen/@tanstack/react-query.gen.js';
import { useAttended } from '../../app/attended.js';
import { useHas } from '../../app/me.js';
import { usePageTitle } from '../../app/page-title.js';
import { ApiProblem, mayPass } from '../../app/problem.js';
import { useShortcut } from '../../app/shortcuts.js';
import { Button } from '../../ui/button.js';
import { Section } from '../../ui/facts.js';
import { Failure, Loading } from '../../ui/states.js';
import { Tag } from '../../ui/tag.js';
import { Time } from '../../ui/time.js';
import { visible } from '../../ui/visible.js';
import { Visible } from '../../ui/visible-text.js';
import { Behind, Measures, Said, What } from './finding-facts.js';
import { aboutOf, isFinding, stateOf, type Finding, type State } from './finding.js';
import { Severity } from './incident-list.js';
import { QuarantineOf } from './quarantine.js';
import { TriageDialog } from './triage-dialog.js';
import './findings.css';

/** A notice may be faster than the record: whoever follows its link waits for the finding. */
const patience = 4;

/** Another finding is another page: a dialog that is open must not go on with what was not opened. */
export function FindingPage() {
  const { id = '' }: { readonly id?: string } = useParams({ strict: false });
  return <OneFinding key={id} id={id} />;
}

function OneFinding({ id }: { readonly id: string }) {
  const attended = useAttended();
  const finding = useQuery({
    ...getFindingsByIdOptions({ path: { id } }),
    refetchInterval: attended ? 10_000 : false,
    retry: (failures, error) => failures < patience && (isMissing(error) || mayPass(error)),
    retryDelay: 1000,
  });
  const shown = finding.data && isFinding(finding.data) ? finding.data : undefined;
  usePageTitle(shown ? `${visible(shown.title)}, ${visible(aboutOf(shown))}` : 'Finding');
  return (
    <article className="page finding-page">
      <Link to="/findings" className="back">
        All findings
      </Link>
      {finding.isPending && <Loading what="the finding" />}
      {finding.isError && !shown && (
        <Failure error={finding.error} what="this finding" retry={() => void finding.refetch()} />
      )}
      {shown && <Shown finding={shown} />}
    </article>
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 404;
}

function Shown({ finding }: { readonly finding: Finding }) {
  const { identity, onBehalfOf, id } = finding;
  return (
    <>
      <Head finding={finding} />
      <Section title="Evidence">
        <p className="lead finding-words">
          <Visible text={finding.evidence} lines />
        </p>
        <Behind finding={finding} />
      </Section>
      <div className="columns">
        <What finding={finding} />
        <Measures finding={finding} />
      </div>
      <Said finding={finding} />
      {identity !== '' && <QuarantineOf identity={identity} findingId={id} keys />}
      {onBehalfOf !== '' && onBehalfOf !== identity && (
        <QuarantineOf identity={onBehalfOf} findingId={id} keys={identity === ''} />
      )}
    </>
  );
}

const steps: readonly {
  readonly state: State;
  readonly act: string;
  readonly shortcut: string;
}[] = [
  { state: 'acknowledged', act: 'Acknowledge…', shortcut: 'a' },
  { state: 'false_alarm', act: 'False alarm…', shortcut: 'x' },
  { state: 'open', act: 'Reopen…', shortcut: 'o' },
];

function Head({ finding }: { readonly finding: Finding }) {
  const [tone, word] = stateOf(finding.state);
  return (
    <header className="page-head">
      <div>
        <h1>
          <Visible text={finding.title || finding.id} />
        </h1>
        <p className="finding-when">
          <Severity severity={finding.severity} />
          <Tag tone={tone}>
            <Visible text={word} />
          </Tag>
          <span>
            raised <Time value={finding.raisedAt} />
          </span>
        </p>
      </div>
      <Triage finding={finding} />
    </header>
  );
}

/** What one may say of it now: not what is said of it already. */
function Triage({ finding }: { readonly finding: Finding }) {
  const [saying, setSaying] = useState<State>();
  const maySay = useHas('security');
  if (!maySay) return null;
  return (
    <div className="finding-acts">
      {steps
        .filter(({ state }) => state !== finding.state)
        .map((step) => (
          <Step
            key={step.state}
            act={step.act}
            shortcut={step.shortcut}
            onChoose={() => setSaying(step.state)}
          />
        ))}
      {saying && <TriageDialog finding={finding} state={saying} onClose={() => setSaying(undefined)} />}
    </div>
  );
}

function Step({
  act,
  shortcut,
  onChoose,
}: {
  readonly act: string;
  readonly shortcut: string;
  readonly onChoose: () => void;
}) {
  useShortcut(shortcut, act, onChoose);
  return (
    <Button onClick={onChoose}>
      {act} <kbd>{shortcut}</kbd>
    </Button>
  );
}
