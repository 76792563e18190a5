export { DataPlane, ProxyModule } from './proxy.module.js';
