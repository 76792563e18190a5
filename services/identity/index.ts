export { devProviderPlan, logDevProvider, openDevProvider } from './dev-provider/dev-provider.js';
export { IdentityModule } from './identity.module.js';
