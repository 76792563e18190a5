// What `./weir` runs: ensures the build, then becomes the command (or, for `start`, the whole house).
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensure, root } from './ensure.mjs';

ensure();
const [verb, ...rest] = process.argv.slice(2);
const starts = verb === 'start' && !rest.includes('--help');
const program = join(root, starts ? 'dist/services/all/main.js' : 'dist/services/cli/main.js');
process.argv = [process.execPath, program, ...(starts ? rest : process.argv.slice(2))];
process.env.WEIR_HOME ??= root;
await import(pathToFileURL(program).href);
