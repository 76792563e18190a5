import { statSync } from 'node:fs';
import type { z } from 'zod';
import { isAppError } from '#kernel';
import { configInvalid } from './config.load.js';
import type { ConfigProblem } from './config.problems.js';
import { configSchema, references, type WeirConfig } from './config.schema.js';
import { isSecretReference, resolveSecret } from './config.secret.js';

/**
 * Each `env:NAME` and `file:PATH` below these keys which a service can't start without leads somewhere; CONFIG_INVALID names file,
 * line and key of all that do not. A connection's password is none of these: without it that connection alone fails.
 */
export function expectReferences(
  config: WeirConfig,
  env: NodeJS.ProcessEnv = process.env,
  below: readonly (keyof WeirConfig)[] = ['identity', 'webhooks'],
): void {
  const all = referencesOf(config, configSchema as z.ZodType as SchemaNode);
  const needed = all.filter(({ path: [first] }) => below.some((key) => key === first));
  const problems = needed.flatMap(({ path, value }): ConfigProblem[] => {
    const message = isSecretReference(value) ? missing(value, config.file, env) : undefined;
    return message === undefined ? [] : [{ path, message }];
  });
  if (problems.length > 0) throw configInvalid(config, problems);
}

/**
 * The folders of policies and of own detectors and the masking file are there; CONFIG_INVALID names file, line and key of what is not. What they say
 * is another matter: where that is wrong, what was last published stays in force.
 */
export function expectPolicies(config: WeirConfig): void {
  const { policies, masking } = config;
  const folder = policies === 'api' ? undefined : statSync(policies, { throwIfNoEntry: false });
  const rules = masking === undefined ? undefined : statSync(masking, { throwIfNoEntry: false });
  const problems: ConfigProblem[] = [];
  if (policies !== 'api' && !folder?.isDirectory())
    problems.push({
      path: ['policies'],
      message: `${policies} ${folder ? 'is no folder' : 'does not exist'}; name the folder of your *.cedar files, or \`api\``,
    });
  if (masking !== undefined && !rules?.isFile())
    problems.push({
      path: ['masking'],
      message: `${masking} ${rules ? 'is no file' : 'does not exist'}; name your masking file, or drop the key for the shipped rules`,
    });
  const { detectors } = config.detection;
  if (detectors !== undefined && !statSync(detectors, { throwIfNoEntry: false })?.isDirectory())
    problems.push({
      path: ['detection', 'detectors'],
      message: `${detectors} is no folder; name that of your *.sql files, or drop the key for the shipped ones`,
    });
  if (problems.length > 0) throw configInvalid(config, problems);
}

interface Reference {
  readonly path: readonly PropertyKey[];
  readonly value: string;
}

/** The parts of a zod schema that are read here. */
interface SchemaNode extends z.ZodType {
  readonly def: z.ZodType['def'] & { readonly innerType?: SchemaNode; readonly element?: SchemaNode };
  readonly shape?: Readonly<Record<string, SchemaNode>>;
}

/** All that the schema takes as references: a group or a label that looks like one is none. */
function referencesOf(value: unknown, schema: SchemaNode, path: readonly PropertyKey[] = []): Reference[] {
  if (schema.def.innerType) return referencesOf(value, schema.def.innerType, path);
  if (typeof value === 'string') return references.has(schema) ? [{ path, value }] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]: [string, unknown]) => {
    const of = schema.def.element ?? schema.shape?.[key];
    return of ? referencesOf(each, of, [...path, Array.isArray(value) ? Number(key) : key]) : [];
  });
}

function missing(value: string, file: string, env: NodeJS.ProcessEnv): string | undefined {
  try {
    resolveSecret(value, file, env);
    return undefined;
  } catch (error) {
    if (isAppError(error, 'CONFIG_INVALID')) return error.message;
    throw error;
  }
}
