import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type Schema = { readonly [key: string]: Json };
interface Swagger {
  readonly definitions: Readonly<Record<string, Schema>>;
}
interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

const intOrString = { oneOf: [{ type: 'string' }, { type: 'integer' }] };
/** What the API server reads otherwise than its own document says. */
const amended: Readonly<Record<string, Schema>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: ['string', 'number'] },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': intOrString,
};

/**
 * Kubernetes' own OpenAPI document as one JSON schema for each of `kinds`, named as kubeconform looks for them. Keys that
 * the document does not know are refused.
 */
export function writeKubernetesSchemas(swaggerFile: string, folder: string, kinds: readonly string[]): void {
  const { definitions } = JSON.parse(readFileSync(swaggerFile, 'utf8')) as Swagger;
  const strict = Object.fromEntries(
    Object.entries(definitions).map(([name, schema]) => [name, closed(schema)]),
  );
  mkdirSync(folder, { recursive: true });
  for (const [name, schema] of Object.entries(definitions)) {
    const stands = (schema['x-kubernetes-group-version-kind'] ?? []) as unknown as readonly Kind[];
    for (const { group, version, kind } of stands.filter((each) => kinds.includes(each.kind))) {
      const suffix = [group.split('.')[0], version].filter(Boolean).join('-');
      const text = JSON.stringify({ ...strict[name], definitions: { ...strict, ...amended } });
      writeFileSync(join(folder, `${kind.toLowerCase()}-${suffix}.json`), text);
    }
  }
}

function closed(schema: Schema): Schema {
  return change(schema) as Schema;
}

function change(node: Json): Json {
  if (Array.isArray(node)) return node.map((each: Json) => change(each));
  if (node === null || typeof node !== 'object') return node;
  const { format, ...rest } = node as Schema;
  if (format === 'int-or-string') return intOrString;
  const changed = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, change(value)]));
  // `properties` may be the name of a property, too: then it is no object of schemas with types of their own.
  return 'properties' in changed && !('additionalProperties' in changed)
    ? { ...changed, additionalProperties: false }
    : changed;
}
