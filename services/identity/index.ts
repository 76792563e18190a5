export { openDevProvider } from './dev-provider/dev-provider.js';
export { IdentityModule } from './identity.module.js';
