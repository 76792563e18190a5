export { PolicyFold } from './policy.fold.js';
export { PolicyModule } from './policy.module.js';
export { PolicyPublisher } from './policy.publisher.js';
