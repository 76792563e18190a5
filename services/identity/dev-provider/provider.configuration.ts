import type { Context, interactionPolicy } from 'oidc-provider';
import { escaped, page } from './dev-pages.js';
import { adapterOf, type DevStore } from './dev-store.file.js';
import type { ProviderClient, ProviderPlan } from './provider.plan.js';

/** Seconds. */
const tokenLife = 3600;
const refreshTokenLife = 14 * 24 * 3600;

const lives = {
  ...{ ClientCredentials: tokenLife, AccessToken: tokenLife, IdToken: tokenLife },
  ...{ RefreshToken: refreshTokenLife, Grant: refreshTokenLife },
  ...{ Interaction: 600, DeviceCode: 600, AuthorizationCode: 60, Session: tokenLife },
};

/** oidc-provider's configuration: machines by client credentials, people by code or device, no password anywhere. */
export function devConfiguration(
  plan: ProviderPlan,
  store: DevStore,
  policy: typeof interactionPolicy,
): Record<string, unknown> {
  const show: Show = (context, title, body) => {
    context.type = 'html';
    context.body = page(plan, title, body);
  };
  const clientOf = (id: string | undefined) => plan.clients.find((client) => client.id === id);
  return {
    adapter: adapterOf(store),
    jwks: { keys: plan.keys },
    cookies: { keys: [plan.cookieKey] },
    clients: [...machines(plan), ...peoplesClients(plan)],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    responseTypes: ['code'],
    scopes: ['openid', 'offline_access'],
    claims: { openid: ['sub', 'name', 'groups'], profile: [] },
    // Into the ID token, whatever is asked for.
    conformIdTokenClaims: false,
    ttl: lives,
    features: { ...pages(show), ...resource(plan.audience) },
    interactions: {
      url: (_: Context, { uid }: { uid: string }) => `${plan.path}/interaction/${uid}`,
      policy: policyOf(policy),
    },
    findAccount: (_: Context, id: string) => {
      const client = clientOf(id);
      return client && { accountId: id, claims: () => ({ sub: id, ...claimsOf(client) }) };
    },
    issueRefreshToken: () => Promise.resolve(true),
    loadExistingGrant: grantOf,
    renderError: (context: Context, { error, error_description: why }: Record<string, string>) =>
      show(context, 'That did not work', `<p>${escaped(`${error}: ${why ?? ''}`)}</p>`),
    extraTokenClaims: (_: unknown, token: { clientId?: string; accountId?: string }) => {
      const client = clientOf(token.accountId ?? token.clientId);
      return client && claimsOf(client);
    },
  };
}

type Show = (context: Context, title: string, body: string) => void;

function machines({ clients }: ProviderPlan): object[] {
  return clients.map(({ id, secret }) => ({
    client_id: id,
    client_secret: secret,
    grant_types: ['client_credentials'],
    redirect_uris: [],
    response_types: [],
  }));
}

/** Public clients: PKCE takes the secret's place, which the library demands of them. */
function peoplesClients({ publicUrl, publicClients }: ProviderPlan): object[] {
  const shared = { token_endpoint_auth_method: 'none', response_types: ['code'] };
  return [
    {
      ...shared,
      client_id: publicClients.pages,
      client_name: 'Weirkeeper pages',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [`${publicUrl}/api/identity/callback/dev`],
      post_logout_redirect_uris: [`${publicUrl}/sign-in`],
    },
    {
      ...shared,
      client_id: publicClients.cli,
      client_name: 'weir login',
      // Native: of a loopback address the port is free (RFC 8252, section 7.3).
      application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      redirect_uris: ['http://127.0.0.1/callback'],
    },
  ];
}

function resource(audience: string): object {
  const indicator = `urn:${audience}:api`;
  return {
    resourceIndicators: {
      enabled: true,
      defaultResource: () => indicator,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: '',
        audience,
        accessTokenTTL: tokenLife,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  };
}

function pages(show: Show): object {
  const button = (form: string, text: string, name = '') =>
    `<button autofocus type="submit" form="${form}"${name}>${text}</button>`;
  return {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    // Its access tokens are for Weirkeeper; what there is to know stands in the ID token.
    userinfo: { enabled: false },
    revocation: {
      enabled: true,
      allowedPolicy: (_: Context, client: { clientId: string }, token: { clientId: string }) =>
        token.clientId === client.clientId,
    },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (context: Context, form: string) =>
        show(
          context,
          'Sign out?',
          `${form}${button('op.logoutForm', 'Sign out', ' name="logout" value="yes"')}`,
        ),
      postLogoutSuccessSource: (context: Context) => show(context, 'Signed out', ''),
    },
    deviceFlow: {
      enabled: true,
      userCodeInputSource: (context: Context, form: string, _: unknown, error?: Error) =>
        show(
          context,
          'The code that your terminal shows',
          `${error ? '<p>That code is not known, or no longer.</p>' : ''}${form}${button('op.deviceInputForm', 'Continue')}`,
        ),
      userCodeConfirmSource: (context: Context, form: string, _: unknown, __: unknown, code: string) =>
        show(
          context,
          `Does your terminal show ${code}?`,
          `${form}${button('op.deviceConfirmForm', 'Yes, sign it in')}`,
        ),
      successSource: (context: Context) => show(context, 'Signed in', '<p>You can close this page.</p>'),
    },
  };
}

/** Each sign-in asks who it shall be: that is what this provider is for. Nobody is asked to consent. */
function policyOf({ base, Check }: typeof interactionPolicy): interactionPolicy.Policy {
  const policy = base();
  policy.remove('consent');
  policy
    .get('login')
    .checks.add(
      new Check('choose_role', 'a role must be chosen', 'login_required', ({ oidc }) =>
        oidc.result?.login ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT,
      ),
    );
  return policy;
}

async function grantOf({ oidc }: Context): Promise<unknown> {
  const { Grant } = oidc.provider;
  const grant = new Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
  grant.addOIDCScope('openid profile email offline_access');
  await grant.save();
  return grant;
}

function claimsOf({ group, name }: ProviderClient): Record<string, unknown> {
  return { groups: [group], name };
}
