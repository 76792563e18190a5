export { openDevProvider } from './dev-provider/dev-provider.js';
export { issuersOf, planDevProvider, withDevRoles } from './dev-provider/dev-provider.plan.js';
export { IdentityModule } from './identity.module.js';
