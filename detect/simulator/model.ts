import type { Envelope, Topic } from '#events';
import type { Zone } from './calendar.js';
import type { Profile } from './agents/profiles.js';

/** What the log would hold at this place. */
export interface SimulatedEvent {
  readonly topic: Topic;
  /** When the log took it: milliseconds since the epoch, never before the envelope's own time. */
  readonly loggedAt: number;
  readonly envelope: Envelope;
}

export interface Column {
  readonly name: string;
  /** The data class that masking gives it; empty: none. */
  readonly dataClass: string;
}

export interface Table {
  readonly index: number;
  readonly connection: string;
  readonly schema: 'public';
  readonly name: string;
  /** On the first day. */
  readonly rows: number;
  /** Share by which it grows a week. */
  readonly growth: number;
  readonly rowBytes: number;
  readonly use: 'daily' | 'rare' | 'honeytoken';
  readonly columns: readonly Column[];
}

/** How a statement is built; texts are in world/queries.ts. */
export type Shape =
  | 'key' | 'list' | 'since' | 'range' | 'page' | 'between' | 'sum' | 'lookup' | 'whole' | 'packed' | 'probe' | 'catalog'
  | 'insert' | 'update' | 'alter'; // prettier-ignore

export interface Query {
  readonly text: string;
  readonly fingerprint: string;
  readonly kind: string;
  readonly shape: Shape;
  readonly table: Table;
  readonly writes: boolean;
  readonly columns: readonly Column[];
}

/** What becomes of a statement; `held` and approved by a person, unless it says otherwise. */
export type Fate = 'ok' | 'error' | 'denied' | 'held' | 'held-denied';

/** One statement that a session is going to send. */
export interface Call {
  /** Milliseconds after the one before it was answered. */
  readonly after: number;
  readonly query: Query;
  readonly rows: number;
  /** Rows of the table that each row of the result holds, where it is an aggregate; absent: one. */
  readonly packed?: number;
  readonly parameters: readonly string[];
  readonly fate: Fate;
  readonly reason?: string;
  /** The incident that it is part of. */
  readonly part?: Incident;
}

export interface SessionPlan {
  readonly agent: Agent;
  readonly connection: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly host: string;
  readonly program: string;
  /** Seeds its ids; unique among all sessions. */
  readonly key: string;
  /** Made while the session runs. */
  readonly calls: Iterable<Call>;
  readonly part?: Incident;
  /** Places of its sequence whose events are missing in the record, both included. */
  readonly lost?: { readonly from: number; readonly through: number };
}

export interface Agent {
  readonly index: number;
  readonly id: string;
  readonly name: string;
  readonly profile: Profile;
  readonly groups: readonly string[];
  readonly onBehalfOf: string;
  readonly zone: Zone;
  /** From when on it works; milliseconds since the epoch. */
  readonly born: number;
  /** What it reads, most read first; a later one only from a deployment on. */
  readonly tables: readonly { readonly table: Table; readonly fromBuild: number }[];
  /** Local hour, with fractions: of the run, or when its people come to work. */
  readonly hour: number;
  /** How busy it is beside its like; 1 is the middle. */
  readonly activity: number;
  /** Share by which it gets busier a week. */
  readonly drift: number;
  readonly replicas: number;
  /** The network it comes from: `10.20.7`. */
  readonly network: string;
  /** When it was deployed anew: milliseconds since the epoch, in order. */
  readonly deployments: readonly number[];
}

/** Something that a detector should have found. `from` and `to` are those of its own events; complete once all were read. */
export interface Incident {
  readonly id: string;
  readonly kind: string;
  readonly form: 'plain' | 'stealthy';
  /** In the unit that its kind says. */
  readonly magnitude: number;
  identity: string;
  connection: string;
  /** Milliseconds since the epoch. */
  from: number;
  to: number;
  readonly sessionIds: string[];
  readonly statementIds: string[];
  /** `schema.table`. */
  readonly tables: string[];
}

/** What happens at a time: an event, or a session that begins and brings its own. */
export interface Step {
  readonly at: number;
  readonly event?: SimulatedEvent;
  readonly begins?: Iterator<Step>;
}
