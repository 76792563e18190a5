import type { TransformName } from './plan.js';

/** What kind of thing a masked value is; decides the shape of `partial` and what predicates may do with it. */
export interface DataClass {
  readonly name: string;
  /** High entropy: equality with a literal tells little, so look-ups by it may pass (GATE, Predicates). */
  readonly lookup: boolean;
  /** Applies where a rule names no transform, and to what the classifiers find. */
  readonly transform: TransformName;
}

export const builtinClasses: readonly DataClass[] = [
  { name: 'email', lookup: true, transform: 'partial' },
  { name: 'iban', lookup: true, transform: 'partial' },
  { name: 'card', lookup: true, transform: 'partial' },
  { name: 'account_id', lookup: true, transform: 'whole' },
  { name: 'phone', lookup: false, transform: 'partial' },
  { name: 'ssn', lookup: false, transform: 'whole' },
  { name: 'birth_date', lookup: false, transform: 'whole' },
  { name: 'pin', lookup: false, transform: 'whole' },
  { name: 'salary', lookup: false, transform: 'whole' },
  { name: 'secret', lookup: false, transform: 'whole' },
];

const byName = new Map(builtinClasses.map((dataClass) => [dataClass.name, dataClass]));

/** A class by its name; one that a rule or pattern invents is masked whole and can't be looked up. */
export function dataClass(name: string): DataClass {
  return byName.get(name) ?? { name, lookup: false, transform: 'whole' };
}
