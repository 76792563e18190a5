import { schemaToJson } from '@cedar-policy/cedar-wasm/nodejs';
import { describe, expect, test } from 'vitest';
import { actionGroups, actions } from './actions.js';
import { schema } from './schema.js';
import { read } from './spec/given.js';

function cedarActions() {
  const answer = schemaToJson(schema);
  if (answer.type === 'failure') throw new Error(answer.errors.map(({ message }) => message).join('\n'));
  return answer.json['']?.actions ?? {};
}

/** All groups above an action, by the schema. */
function ancestors(id: string, known = cedarActions()): string[] {
  const parents = (known[id]?.memberOf ?? []).map((parent) => parent.id);
  return [...new Set([...parents, ...parents.flatMap((parent) => ancestors(parent, known))])];
}

describe('the schema', () => {
  test('is the file that editors read', () => expect(read('policies/weir.cedarschema')).toBe(schema));

  test('has the actions that a call may name, and no others', () => {
    const expected = [...Object.keys(actions), ...Object.keys(actionGroups), 'reveal'];
    expect(Object.keys(cedarActions()).sort()).toEqual(expected.sort());
  });

  test.each(Object.entries(actions))('%s is in the same groups', (id, { groups }) => {
    expect([...groups].sort()).toEqual(ancestors(id).sort());
  });

  test.each(Object.entries(actions))('%s decides over columns as said', (id, { columns }) => {
    expect(cedarActions()[id]?.appliesTo?.resourceTypes.includes('Column')).toBe(columns);
  });
});
