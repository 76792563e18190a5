import { useQuery } from '@tanstack/react-query';
import { getSetupOptions } from '../../api/gen/@tanstack/react-query.gen.js';
import type { GetSetupResponse } from '../../api/gen/types.gen.js';
import { usePageTitle } from '../../app/page-title.js';
import { count } from '../../ui/amounts.js';
import { CopyButton } from '../../ui/copy-button.js';
import { Prose } from '../../ui/prose.js';
import { Empty, Failure, Loading } from '../../ui/states.js';
import { visible } from '../../ui/visible.js';
import { Visible, visiblePieces } from '../../ui/visible-text.js';
import './start.css';

/** What is set up, what is missing, and the line to paste for each connection. */
export function StartPage() {
  usePageTitle('Start');
  const setup = useQuery(getSetupOptions());
  return (
    <div className="page">
      <header className="page-head">
        <div>
          <h1>Start</h1>
          <p className="faint">What is set up here, and how to connect.</p>
        </div>
      </header>
      {setup.isPending && <Loading what="what is set up" />}
      {setup.isError && (
        <Failure error={setup.error} what="what is set up" retry={() => void setup.refetch()} />
      )}
      {setup.data && <Setup setup={setup.data} />}
    </div>
  );
}

function Setup({ setup }: { readonly setup: GetSetupResponse }) {
  return (
    <>
      {setup.missing.length > 0 && <Missing missing={setup.missing} />}
      <Connections setup={setup} />
      <Parts setup={setup} />
    </>
  );
}

function Missing({ missing }: Pick<GetSetupResponse, 'missing'>) {
  return (
    <section className="missing" aria-labelledby="missing">
      <h2 id="missing">
        {missing.length === 1 ? 'One thing is missing' : `${missing.length} things are missing`}
      </h2>
      <ul>
        {missing.map(({ what, why, do: act }) => (
          <li key={what}>
            <strong>
              <Visible text={what} />
            </strong>
            <p>
              <Visible text={why} />
            </p>
            <p>
              <Prose text={act} />
            </p>
          </li>
        ))}
      </ul>
    </section>
  );
}

const whose: Readonly<Record<GetSetupResponse['clientAs'], string>> = {
  agent: 'Paste a line in Weirkeeper’s folder: it connects as an agent.',
  caller:
    'Paste a line in Weirkeeper’s folder: it connects as you, once `./weir login` has signed you in there.',
};

function Connections({ setup: { connections, clientAs } }: { readonly setup: GetSetupResponse }) {
  return (
    <section aria-labelledby="connections">
      <h2 id="connections">Connections</h2>
      {connections.length > 0 && (
        <p className="faint">
          <Prose text={whose[clientAs]} />
        </p>
      )}
      {connections.length === 0 && (
        <Empty title="No connection yet">
          <p>
            An operator adds one: <code>./weir connections add orders --host … --database … --user …</code>
          </p>
        </Empty>
      )}
      <ul className="connections">
        {connections.map(({ name, protocol, owner, client }) => (
          <li key={name} className="connection">
            <div className="connection-head">
              <h3>
                <Visible text={name} />
              </h3>
              <span className="faint">
                <Visible text={protocol} />
                {owner !== '' && (
                  <>
                    {', owned by '}
                    <Visible text={owner} />
                  </>
                )}
              </span>
            </div>
            <div className="client-line">
              <code tabIndex={0} aria-label={`Client line of ${visible(name)}`}>
                {visiblePieces(client, true)}
              </code>
              <CopyButton text={client} what={`the client line of ${visible(name)}`} />
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Parts({
  setup: { policies, masking, providers, webhooks, postgres },
}: {
  readonly setup: GetSetupResponse;
}) {
  const parts: readonly (readonly [string, string, string])[] = [
    ['PostgreSQL', `${postgres.host}:${postgres.port}`, 'where clients connect'],
    [
      'Policies',
      `${count(policies.count, 'file')} of policies`,
      `published ${fromWhere(policies.owner)}, version ${policies.version.slice(0, 12)}`,
    ],
    [
      'Masking',
      count(masking.rules, 'rule'),
      masking.owner === 'shipped' ? 'as shipped' : `published ${fromWhere(masking.owner)}`,
    ],
    [
      'Sign-in',
      count(providers, 'provider'),
      providers > 0 ? 'people sign in with them' : 'nobody can sign in to pages',
    ],
    [
      'Webhooks',
      count(webhooks, 'webhook'),
      webhooks > 0 ? 'tell people what waits' : 'nobody is told what waits',
    ],
  ];
  return (
    <section aria-labelledby="parts">
      <h2 id="parts">What is set up</h2>
      <dl className="parts">
        {parts.map(([name, value, note]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <strong>
                <Visible text={value} />
              </strong>
              <span className="faint">
                <Visible text={note} />
              </span>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** A set has one owner: the files that weir.yaml names, or the API. */
function fromWhere(owner: string): string {
  return { file: 'from the folder', api: 'through the API' }[owner] ?? `by ${owner}`;
}
