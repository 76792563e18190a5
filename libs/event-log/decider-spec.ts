import { deepStrictEqual } from 'node:assert';
import { AppError, type ErrorCode } from '#kernel';
import type { Decider } from './decider.js';

/** `given(...events).when(command).then(...events)`, `.thenThrows(code)` or `.thenState(check)`. */
export interface Given<State, Command, Event> {
  when(command: Command): When<Event>;
  /** The state that the given events lead to. */
  thenState(check: (state: State) => void): void;
}

export interface When<Event> {
  then(...expected: readonly Event[]): void;
  thenThrows(code: ErrorCode): void;
}

/** Specs of a decider in its own words; needs no test framework. */
export function specOf<State, Command, Event>(decider: Decider<State, Command, Event>) {
  return {
    given: (...events: readonly Event[]): Given<State, Command, Event> => {
      const state = events.reduce((before, event) => decider.evolve(before, event), decider.initialState());
      return {
        when: (command) => whenDecided(() => decider.decide(command, state)),
        thenState: (check) => check(state),
      };
    },
  };
}

function whenDecided<Event>(decide: () => readonly Event[]): When<Event> {
  return {
    // Named as the field names it; nobody awaits it.
    then: (...expected) => deepStrictEqual(decide(), expected),
    thenThrows: (code) => {
      const thrown = thrownBy(decide);
      if (!(thrown instanceof AppError)) throw new Error(`expected ${code}, got ${describe(thrown)}`);
      deepStrictEqual(thrown.code, code);
    },
  };
}

function thrownBy(decide: () => unknown): unknown {
  try {
    return { returned: decide() };
  } catch (error) {
    return error;
  }
}

function describe(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : 'no error';
}
