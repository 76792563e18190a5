// What follows from the controllers, written anew from the build: the routing table, the document of the whole API, and the
// part of it that the pages are generated from. `node deploy/dev/api.mjs`; tests compare.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { consolePart } from './console-api.mjs';
import { ensure, root } from './ensure.mjs';

ensure();
const { apiFiles } = await import('../../dist/services/all/api/api.write.js');
const { document, routes } = await apiFiles();
write('services/all/api/routes.json', routes);
write('services/all/api/openapi.json', document);
write('services/console/api/openapi.json', consolePart(document));
process.exit(0);

function write(file, value) {
  writeFileSync(join(root, file), `${JSON.stringify(value, null, 2)}\n`);
  console.log(`wrote ${file}`);
}
