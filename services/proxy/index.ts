export { ProxyHost } from './proxy.host.js';
export { ProxyModule } from './proxy.module.js';
