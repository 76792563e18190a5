/** Whom, in which names and circumstances, the texts of one map are judged for. Compared by identity. */
export type Desk = object;

interface Entry<T> {
  readonly value: T;
  readonly weight: number;
}

/** Weak: what was judged in the names of a former catalog must not keep that catalog alive. */
type Generation<T> = WeakMap<Desk, Map<string, Entry<T>>>;

/**
 * Judgements of all sessions by desk and text, at most about `capacity` bytes. Two generations: a hit in the young one
 * moves nothing; when the young one is half full, the old one is dropped and they change places.
 */
export class JudgementCache<T> {
  private young: Generation<T> = new WeakMap();
  private old: Generation<T> = new WeakMap();
  private weight = 0;

  constructor(private readonly capacity: number) {}

  get(desk: Desk, text: string): T | undefined {
    const hit = this.young.get(desk)?.get(text);
    if (hit) return hit.value;
    const kept = this.old.get(desk)?.get(text);
    if (kept) this.keep(desk, text, kept);
    return kept?.value;
  }

  /** `weight`: bytes, about. */
  set(desk: Desk, text: string, value: T, weight: number): void {
    this.keep(desk, text, { value, weight });
  }

  private keep(desk: Desk, text: string, entry: Entry<T>): void {
    // What would fill a generation by itself is cheaper to judge again than to keep.
    if (entry.weight > this.capacity / 2) return;
    if (this.weight + entry.weight > this.capacity / 2) this.turn();
    let texts = this.young.get(desk);
    if (!texts) this.young.set(desk, (texts = new Map()));
    this.weight += entry.weight - (texts.get(text)?.weight ?? 0);
    texts.set(text, entry);
  }

  private turn(): void {
    this.old = this.young;
    this.young = new WeakMap();
    this.weight = 0;
  }
}
