import { Controller, Get, Headers, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { positionHeader } from '#domain';
import { Authenticated, Caller, CONFIG, type CallerIdentity, type WeirConfig } from '#platform';
import { PolicyFold } from '../../policy/index.js';
import { setupItem, setupOf, type SetupItem } from './setup.item.js';

@ApiTags('setup')
@Controller('setup')
export class SetupController {
  readonly #fold: PolicyFold;
  readonly #config: WeirConfig;

  constructor(@Inject(PolicyFold) fold: PolicyFold, @Inject(CONFIG) config: WeirConfig) {
    this.#fold = fold;
    this.#config = config;
  }

  /** What is set up, what is missing, and how whoever asks connects. */
  @Authenticated()
  @Get()
  @ApiOkResponse({ standardSchema: setupItem })
  async get(
    @Caller() caller: CallerIdentity,
    @Headers(positionHeader) position?: string,
  ): Promise<SetupItem> {
    await this.#fold.readFrom(position);
    return setupOf(this.#fold.state, this.#config, caller.principal);
  }
}
