export { DataPlane } from './data-plane.js';
export { ProxyModule } from './proxy.module.js';
