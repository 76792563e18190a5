import { people } from './stage.js';

/** How much is measured. */
export interface Size {
  readonly rounds: number;
  /** Of one pgbench run. */
  readonly seconds: number;
  readonly warmUp: number;
  readonly clients: readonly number[];
  /** Of pgbench's tables; 1 is 100,000 accounts. */
  readonly scale: number;
  readonly readRounds: number;
  /** Streamed through one session while memory is watched. */
  readonly streamed: number;
}

export const full: Size = {
  rounds: 3,
  seconds: 5,
  warmUp: 3,
  clients: [1, 8, 64],
  scale: 10,
  readRounds: 5,
  streamed: 2 * 1024 ** 3,
};

export const quick: Size = {
  rounds: 1,
  seconds: 2,
  warmUp: 1,
  clients: [1, 8],
  scale: 2,
  readRounds: 2,
  streamed: 128 * 1024 ** 2,
};

export interface Read {
  readonly name: string;
  readonly text: string;
}

/** email and ssn are masked by their columns' names; no other column is text, so no value is classified. */
export const maskedByColumn: Read = {
  name: 'two columns masked by column',
  text: 'SELECT id, email, ssn, balance, created_at FROM bench_people',
};

/** The same two, and three columns of text whose every value the classifiers look at. */
export const classified: Read = {
  name: 'the same, classifiers on every text column too',
  text: 'SELECT id, name, email, ssn, city, note FROM bench_people',
};

/** That many times the table, as one result. */
export function streamed(times: number): string {
  return `SELECT p.id, p.name, p.email, p.ssn, p.city, p.note FROM bench_people p, bench_times t WHERE t.n <= ${times}`;
}

/** One row of it: what a first session loads is not what streaming takes. */
export const onePerson = 'SELECT id, name, email, ssn, city, note FROM bench_people WHERE id = 250000';

/** A pgbench script: one person by key, two masked columns. */
export const maskedLookup = `\\set id random(1, ${people})\nSELECT id, email, ssn, city FROM bench_people WHERE id = :id;\n`;
