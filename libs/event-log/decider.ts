/**
 * A decision as three pure functions. `decide` throws AppError to refuse; `evolve` never throws and ignores
 * an event that is no longer valid, the same way in every process, so that replicas agree without a lock.
 */
export interface Decider<State, Command, Event> {
  initialState(): State;
  decide(command: Command, state: State): readonly Event[];
  evolve(state: State, event: Event): State;
}
