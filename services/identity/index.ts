export { devProviderPlan, logDevProvider, openDevProvider } from './dev-provider/dev-provider.js';
export { IdentityModule } from './identity.module.js';
export { PageSessionKeeper } from './pages/page-session.keeper.js';
export { namedApart } from './saml/saml.people.js';
