export { PolicyModule } from './policy.module.js';
export { PolicyPublisher } from './policy.publisher.js';
