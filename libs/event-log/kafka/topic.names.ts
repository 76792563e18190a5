import type { Topic } from '#events';

/** Our topics' names on the cluster. */
export class TopicNames {
  constructor(readonly prefix: string) {}

  of(topic: Topic): string {
    return this.prefix + topic;
  }

  /** A group's members share one topic, so a group of another topic is another group. */
  group(group: string, topic: Topic): string {
    return `${this.prefix}weir.${group}.${topic}`;
  }

  /** The members of one that divides partitions share several topics. */
  sharingGroup(group: string): string {
    return `${this.prefix}weir.${group}`;
  }
}
