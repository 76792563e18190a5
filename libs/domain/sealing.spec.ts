import { describe, expect, it } from 'vitest';
import { dataKeySize, newDataKey, open, seal } from './sealing.js';

const id = 'apr_00000000000000000000000001';
const clear = { text: "delete from customers where email = 'zoë@example.test'", parameters: ['7', null] };

describe('a sealed statement', () => {
  it('opens with its key', () => {
    const key = newDataKey();
    expect(key).toHaveLength(dataKeySize);
    expect(open(seal(clear, key, id), key, id)).toEqual(clear);
  });

  it('shows nothing of the text, and is new each time', () => {
    const key = newDataKey();
    const sealed = seal(clear, key, id);
    expect(sealed.includes('zoë')).toBe(false);
    expect(sealed.equals(seal(clear, key, id))).toBe(false);
  });

  it('opens with no other key, for no other request, and not when changed or cut', () => {
    const key = newDataKey();
    const sealed = seal(clear, key, id);
    expect(() => open(sealed, newDataKey(), id)).toThrow('cannot be opened');
    expect(() => open(sealed, key, `${id.slice(0, -1)}2`)).toThrow('cannot be opened');
    for (let i = 0; i < sealed.length; i++) {
      const changed = Buffer.from(sealed);
      changed[i] = (changed[i] as number) ^ 1;
      expect(() => open(changed, key, id)).toThrow('cannot be opened');
      expect(() => open(sealed.subarray(0, i), key, id)).toThrow('cannot be opened');
    }
  });
});
