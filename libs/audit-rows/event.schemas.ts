import type { DescMessage } from '@bufbuild/protobuf';
import * as events from '#events';

/** Every message of the event schema by its full name: a new event type needs no word here to be kept. */
const schemas: ReadonlyMap<string, DescMessage> = new Map(
  Object.values<unknown>(events)
    .filter(isMessageSchema)
    .map((schema) => [schema.typeName, schema]),
);

export function eventSchema(typeName: string): DescMessage {
  const schema = schemas.get(typeName);
  if (!schema) throw new Error(`unknown type ${typeName || '(none)'}`);
  return schema;
}

function isMessageSchema(value: unknown): value is DescMessage {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'message';
}
