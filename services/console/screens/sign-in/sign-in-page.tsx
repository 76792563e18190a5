import { useQuery } from '@tanstack/react-query';
import { useLocation } from '@tanstack/react-router';
import { getIdentityProvidersOptions } from '../../api/gen/@tanstack/react-query.gen.js';
import type { GetIdentityProvidersResponse } from '../../api/gen/types.gen.js';
import { usePageTitle } from '../../app/page-title.js';
import { Empty, Failure, Loading } from '../../ui/states.js';
import { Visible } from '../../ui/visible-text.js';
import { localPath } from './local-path.js';
import { reasonOf } from './reasons.js';
import './sign-in.css';

type Provider = GetIdentityProvidersResponse['providers'][number];

/** Who vouches for people here. The links lead to the provider and, when it has said yes, back. */
export function SignInPage() {
  usePageTitle('Sign in');
  const search = new URLSearchParams(useLocation().searchStr);
  const providers = useQuery(getIdentityProvidersOptions());
  const to = localPath(search.get('to'));
  const failed = search.get('error');
  return (
    <div className="page sign-in">
      <h1>Sign in</h1>
      <p className="faint">With your company’s account. Weirkeeper keeps no passwords.</p>
      {failed !== null && (
        <p className="notice notice-bad" role="alert">
          {reasonOf(failed)}
        </p>
      )}
      {providers.isPending && <Loading what="the ways to sign in" />}
      {providers.isError && <Failure error={providers.error} what="the ways to sign in" />}
      {providers.data && <Providers providers={providers.data.providers} to={to} />}
    </div>
  );
}

function Providers({ providers, to }: { readonly providers: readonly Provider[]; readonly to: string }) {
  if (providers.length === 0)
    return (
      <Empty title="No way to sign in is set up yet">
        <p>
          Name your identity provider in <code>weir.yaml</code>, below <code>identity.oidc</code> with{' '}
          <code>signIn</code>, or below <code>identity.saml</code>. Until then, the commands serve:{' '}
          <code>./weir approvals</code>.
        </p>
      </Empty>
    );
  return (
    <ul className="providers">
      {providers.map(({ name, label, kind, signIn }) => (
        <li key={name}>
          <a className="provider" href={`${signIn}?to=${encodeURIComponent(to)}`}>
            <span>
              Continue with <Visible text={label} />
            </span>
            <span className="faint">{kind === 'oidc' ? 'OpenID' : 'SAML'}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}
