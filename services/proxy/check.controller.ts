import { Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Roles } from '#platform';
import { CheckDesk } from './check.desk.js';
import { checkItem, type CheckItem } from './check.item.js';

/** Here and not with the other routes of connections: only the data plane reaches targets. */
@ApiTags('connections')
@Controller('connections')
@Roles('operator')
export class CheckController {
  readonly #desk: CheckDesk;

  constructor(@Inject(CheckDesk) desk: CheckDesk) {
    this.#desk = desk;
  }

  /** Logs in to the connection's target once, as a session would, and says what came of it. */
  @Post(':name/check')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: checkItem })
  check(@Param('name') name: string): Promise<CheckItem> {
    return this.#desk.run(name);
  }
}
