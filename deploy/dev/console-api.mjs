// The part of the API's document that the pages are generated from: deploy/dev/api.mjs writes it.

/** Not the addresses that browsers are sent to, and not the stream, which is no JSON. */
const wanted =
  /^\/api\/(identity\/(me|providers|sign-out)$|(approvals(?!\/stream)|activity|sessions|decisions|findings|quarantines|identities|setup)(\/|$))/;

/** The pages' part of a gate's document. Operations lose their ids: the client's names come from paths. */
export function consolePart(document) {
  const paths = Object.entries(document.paths).filter(([path]) => wanted.test(path));
  const sorted = paths.sort(([a], [b]) => (a < b ? -1 : 1));
  const named = sorted.map(([path, operations]) => [path.slice('/api'.length), tidied(path, operations)]);
  const { openapi, info } = document;
  return { openapi, info, servers: [{ url: '/api' }], paths: Object.fromEntries(named) };
}

/** The document leaves out what a path itself says: its parameters. */
function tidied(path, operations) {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    ...{ name, in: 'path', required: true },
    schema: { type: 'string' },
  }));
  return Object.fromEntries(
    Object.entries(operations).map(([method, operation]) => {
      const others = (operation.parameters ?? []).filter((each) => each.in !== 'path');
      // JSON has no undefined: it is left out.
      return [method, { ...operation, operationId: undefined, parameters: [...inPath, ...others] }];
    }),
  );
}
