/** Work that goes on in lanes, each with so many places: one that is full holds up no other. */
export class Lanes {
  readonly #lanes = new Map<string, Map<string, Promise<void>>>();

  constructor(private readonly places: number) {}

  /** False where its lane is full or has this id already: then nothing is begun. `work` does not reject. */
  begin(lane: string, id: string, work: () => Promise<void>): boolean {
    const places = this.#lanes.get(lane) ?? new Map<string, Promise<void>>();
    if (places.has(id) || places.size >= this.places) return false;
    this.#lanes.set(lane, places);
    const done = work().finally(() => {
      places.delete(id);
      if (places.size === 0) this.#lanes.delete(lane);
    });
    places.set(id, done);
    return true;
  }

  /** When all that was begun so far is done. */
  async settled(): Promise<void> {
    await Promise.all([...this.#lanes.values()].flatMap((places) => [...places.values()]));
  }
}
