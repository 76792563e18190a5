/** How many values of a class. */
export interface Counter {
  count: number;
}

/** Values by class, masked or revealed: an object per class, so that counting one costs no look-up. */
export class ValueCounts {
  private readonly counters = new Map<string, Counter>();

  of(className: string): Counter {
    let counter = this.counters.get(className);
    if (counter === undefined) this.counters.set(className, (counter = { count: 0 }));
    return counter;
  }

  add(className: string): void {
    this.of(className).count++;
  }

  snapshot(): ReadonlyMap<string, number> {
    return new Map(
      [...this.counters].flatMap(([name, { count }]) => (count > 0 ? [[name, count] as const] : [])),
    );
  }

  /** Adds the counts to `into` and begins again at none. */
  takeInto(into: Map<string, number>): void {
    for (const [name, counter] of this.counters) {
      if (counter.count > 0) into.set(name, (into.get(name) ?? 0) + counter.count);
      counter.count = 0;
    }
  }
}
