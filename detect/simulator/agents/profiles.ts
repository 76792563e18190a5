import type { Shape } from '../model.js';

export type Rhythm = 'nightly' | 'hourly' | 'desk' | 'morning' | 'oncall' | 'deploys' | 'explore';

/** What an agent of this kind sends: how often, and how many rows a statement gives (median, and sigma of its logarithm). */
export interface Habit {
  readonly shape: Shape;
  readonly weight: number;
  readonly rows: number;
  readonly sigma: number;
}

export interface Profile {
  /** Also the group that says what it is for: its peers are in it too. */
  readonly role: string;
  /** How many of 100 agents. */
  readonly weight: number;
  readonly rhythm: Rhythm;
  readonly connections: readonly string[];
  /** How many tables it works with. */
  readonly tables: readonly [least: number, most: number];
  readonly habits: readonly Habit[];
  /** Statements a session, as a median. */
  readonly calls: number;
  /** Milliseconds between statements, as a median. */
  readonly pause: number;
  /**
   * `pods`: addresses of one network, new ones at each restart. `machine`: one address, another after some deployments.
   * `vpn`: another one each day. `runner`: another one each run.
   */
  readonly comesFrom: 'pods' | 'machine' | 'vpn' | 'runner';
  /** In whose name it acts: the person's at the desk, or nobody's. */
  readonly forPeople: boolean;
  /** In the group that may read without a row budget. */
  readonly bulk: boolean;
  /** Classes that it may see in the clear. */
  readonly reveals: readonly string[];
  /** Of a hundred statements it invents so many, instead of sending those it was built with. */
  readonly adHoc: number;
  /** How many of a thousand statements the gate refuses in ordinary life. */
  readonly refused: number;
}

const habit = (weight: number, shape: Shape, rows: number, sigma: number): Habit => ({
  weight,
  shape,
  rows,
  sigma,
});

export const profiles: readonly Profile[] = [
  {
    role: 'etl', weight: 15, rhythm: 'nightly', connections: ['orders', 'billing', 'warehouse', 'support', 'crm'],
    tables: [4, 8], calls: 34, pause: 9_000, comesFrom: 'machine', forPeople: false, bulk: true, reveals: [],
    adHoc: 0, refused: 0,
    habits: [habit(5, 'since', 6_000, 1.2), habit(3, 'range', 22_000, 1.1), habit(2, 'page', 5_000, 0.2), habit(3, 'sum', 120, 1)],
  },
  {
    role: 'sync', weight: 17, rhythm: 'hourly', connections: ['orders', 'crm', 'billing', 'support'],
    tables: [2, 4], calls: 4, pause: 1_500, comesFrom: 'pods', forPeople: false, bulk: false, reveals: ['email'],
    adHoc: 0, refused: 0,
    habits: [habit(6, 'since', 220, 1.3), habit(2, 'page', 500, 0.1), habit(2, 'key', 1, 0), habit(1, 'insert', 1, 0)],
  },
  {
    role: 'tickets', weight: 26, rhythm: 'desk', connections: ['support', 'orders', 'crm'],
    tables: [3, 6], calls: 16, pause: 45_000, comesFrom: 'pods', forPeople: true, bulk: false, reveals: ['email'],
    adHoc: 4, refused: 9,
    habits: [habit(10, 'key', 1, 0), habit(6, 'list', 9, 1.1), habit(3, 'lookup', 1, 0.2), habit(1, 'range', 80, 1.3), habit(0.3, 'update', 1, 0)],
  },
  {
    role: 'reporting', weight: 12, rhythm: 'morning', connections: ['warehouse', 'billing', 'orders'],
    tables: [3, 6], calls: 22, pause: 14_000, comesFrom: 'machine', forPeople: false, bulk: false, reveals: [],
    adHoc: 2, refused: 1,
    habits: [habit(8, 'sum', 90, 1.2), habit(4, 'range', 1_900, 1.3), habit(1, 'page', 4_000, 0.4)],
  },
  {
    role: 'oncall', weight: 8, rhythm: 'oncall', connections: ['orders', 'billing', 'support'],
    tables: [4, 8], calls: 16, pause: 25_000, comesFrom: 'vpn', forPeople: true, bulk: false, reveals: [],
    adHoc: 35, refused: 16,
    habits: [habit(5, 'key', 1, 0), habit(4, 'list', 20, 1), habit(3, 'sum', 60, 1.2), habit(3, 'range', 400, 1.7), habit(1, 'catalog', 12, 0.5)],
  },
  {
    role: 'migrations', weight: 6, rhythm: 'deploys', connections: ['orders', 'crm', 'billing', 'support', 'people'],
    tables: [4, 9], calls: 24, pause: 2_500, comesFrom: 'runner', forPeople: false, bulk: false, reveals: [],
    adHoc: 25, refused: 5,
    habits: [habit(8, 'catalog', 14, 0.6), habit(4, 'sum', 10, 1), habit(2, 'page', 800, 0.8), habit(0.5, 'alter', 0, 0)],
  },
  {
    role: 'analysis', weight: 13, rhythm: 'explore', connections: ['warehouse', 'crm', 'orders', 'billing'],
    tables: [5, 10], calls: 17, pause: 70_000, comesFrom: 'vpn', forPeople: true, bulk: false, reveals: [],
    adHoc: 45, refused: 12,
    habits: [habit(6, 'sum', 70, 1.5), habit(5, 'range', 420, 2), habit(2, 'list', 30, 1), habit(2, 'page', 900, 1.2), habit(1, 'catalog', 14, 0.5)],
  },
  {
    role: 'people-ops', weight: 3, rhythm: 'desk', connections: ['people'],
    tables: [2, 3], calls: 9, pause: 60_000, comesFrom: 'pods', forPeople: true, bulk: false, reveals: ['email'],
    adHoc: 6, refused: 12,
    habits: [habit(7, 'key', 1, 0), habit(4, 'list', 12, 1), habit(1, 'range', 220, 1.2), habit(0.4, 'update', 1, 0)],
  },
]; // prettier-ignore
