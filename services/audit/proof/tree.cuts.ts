import type { LoggedEvent } from '#event-log';
import { payload, topics, TreeCutSchema, type Topic } from '#events';
import { storedTopics } from '../ingest/stored.position.js';

/** A tree is that of one partition of a topic. */
export interface TreeName {
  readonly topic: Topic;
  readonly partition: number;
}

export interface Cut extends TreeName {
  readonly after: number;
  readonly through: number;
}

/** Which topics have trees: all that become rows, but the one that says how they are cut. */
export const provenTopics: readonly Topic[] = storedTopics.filter((topic) => topic !== topics.proof);

export const treeKey = ({ topic, partition }: TreeName): string => `${topic}/${partition}`;

/**
 * Events of one batch of leaves; they are in memory while it is made. A cut that claims more does not count: nobody of us
 * makes it, and who may write cuts but is not one of us can keep a tree waiting for no more than these.
 */
export const mostCutEvents = 5000;

/** The cuts that count, folded from the log: the first that begins where the last one ended. */
export class CutBook {
  readonly #through = new Map<string, number>();

  /** The offset of the last event that is in a batch; -1: none. */
  through(tree: TreeName): number {
    return this.#through.get(treeKey(tree)) ?? -1;
  }

  /** The cut of this event, if it counts. */
  take(event: LoggedEvent): Cut | undefined {
    const cut = cutOf(event);
    if (!cut || cut.after !== this.through(cut)) return undefined;
    const events = cut.through - cut.after;
    if (!(events > 0 && events <= mostCutEvents)) return undefined;
    this.#through.set(treeKey(cut), cut.through);
    return cut;
  }
}

function cutOf(event: LoggedEvent): Cut | undefined {
  try {
    const message = payload(TreeCutSchema, event.envelope);
    const topic = provenTopics.find((each) => each === message?.topic);
    return message && topic
      ? {
          topic,
          partition: message.partition,
          after: Number(message.after),
          through: Number(message.through),
        }
      : undefined;
  } catch {
    return undefined;
  }
}
