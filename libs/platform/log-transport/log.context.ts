import { BaseRpcContext } from '@nestjs/microservices';
import type { LoggedEvent } from '#event-log';

/** `@Ctx()` of a handler: the event it was called for. */
export class LogContext extends BaseRpcContext<[LoggedEvent]> {
  constructor(event: LoggedEvent) {
    super([event]);
  }

  getEvent(): LoggedEvent {
    return this.getArgByIndex(0);
  }
}
