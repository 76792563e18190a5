/* The one door of this lib beside its root: what a start reads before it loads all the rest. */
export { loadConfig } from '../config.load.js';
export { runProcess } from '../process.run.js';
