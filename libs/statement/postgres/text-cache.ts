/**
 * Values by text, at most about `capacity` of weight. Two generations: a hit in the young one is one Map lookup
 * and moves nothing; when the young one is half full, the old one is dropped and they change places.
 */
export class TextCache<T> {
  private young = new Map<string, Weighed<T>>();
  private old = new Map<string, Weighed<T>>();
  private weight = 0;

  constructor(private readonly capacity: number) {}

  get(text: string): T | undefined {
    const hit = this.young.get(text);
    if (hit) return hit.value;
    const kept = this.old.get(text);
    if (kept) this.keep(text, kept);
    return kept?.value;
  }

  set(text: string, value: T, weight: number): void {
    this.keep(text, { value, weight: weight + text.length * 2 });
  }

  private keep(text: string, entry: Weighed<T>): void {
    // What would fill a generation by itself is cheaper to parse again than to keep.
    if (entry.weight > this.capacity / 2) return;
    if (this.weight + entry.weight > this.capacity / 2) this.turn();
    this.young.set(text, entry);
    this.weight += entry.weight;
  }

  private turn(): void {
    this.old = this.young;
    this.young = new Map();
    this.weight = 0;
  }
}

interface Weighed<T> {
  readonly value: T;
  readonly weight: number;
}
