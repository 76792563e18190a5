import { createHash } from 'node:crypto';
import type { MaskingSet } from '#masking';
import type { PayloadWriter } from '../journal/index.js';
import type { Parameter } from './gate.js';
import { writeParameter } from './record.wire.js';

const shortNumber = /^-?\d{1,8}$/;
/** Characters of a parameter that a record keeps. */
const mostCharacters = 4096;
/** Bytes of all parameters that a record keeps: there may be 65,535 of them. */
const mostBytes = 256 * 1024;
/** Of a parameter's fields, about. */
const fieldBytes = 8;

interface Recorded {
  readonly value: string;
  readonly null: boolean;
  readonly note: string;
}

/** Parameters as records may show them. Past `mostBytes` one entry stands for all that follow: how many, and their digest. */
export function writeParameters(
  out: PayloadWriter,
  parameters: readonly Parameter[],
  clean: boolean,
  masking: MaskingSet,
): void {
  let bytes = 0;
  for (let i = 0; i < parameters.length; i++) {
    const recorded = recordable(parameters[i]!, clean, masking);
    bytes += fieldBytes + Buffer.byteLength(recorded.value) + recorded.note.length;
    if (bytes > mostBytes) return writeParameter(out, rest(parameters.slice(i), clean, masking));
    writeParameter(out, recorded);
  }
}

function recordable({ value }: Parameter, clean: boolean, masking: MaskingSet): Recorded {
  if (value === null) return { value: '', null: true, note: '' };
  // Near masked columns nothing tells an id from a PIN: no value is kept.
  if (!clean) return { value: '', null: false, note: `masked, ${value.length} characters` };
  const shown = shownOf(value, masking);
  if (shown.length <= mostCharacters)
    return { value: shown, null: false, note: shown === value ? '' : 'masked' };
  return { value: shown.slice(0, mostCharacters), null: false, note: `cut from ${value.length} characters` };
}

function shownOf(value: string, masking: MaskingSet): string {
  if (shortNumber.test(value)) return value;
  return masking.maskText(Buffer.from(value))?.toString('utf8') ?? value;
}

/** The digest is of what a record could have shown (each value as `<bytes>:<value>`, NULL as `-`): nothing is found by guessing that a mask hides. */
function rest(parameters: readonly Parameter[], clean: boolean, masking: MaskingSet): Recorded {
  const sha256 = createHash('sha256');
  let characters = 0;
  for (const { value } of parameters) {
    characters += value?.length ?? 0;
    if (!clean) continue;
    const shown = value === null ? undefined : shownOf(value, masking);
    sha256.update(shown === undefined ? '-' : `${Buffer.byteLength(shown)}:${shown}`);
  }
  const digest = clean ? `, SHA-256 ${sha256.digest('hex')}` : '';
  const note = `cut: ${parameters.length} parameters from here on, ${characters} characters${digest}`;
  return { value: '', null: false, note };
}
