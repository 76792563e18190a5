import { Body, Controller, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Caller, Roles, type CallerIdentity } from '#platform';
import { ClassifyDesk } from './classify.desk.js';
import { classifyBody, classifyItem, type ClassifyBody, type ClassifyItem } from './classify.item.js';

/** The part of Fastify's reply that is used here. */
interface Reply {
  readonly raw: { once(event: 'close', then: () => void): unknown };
}

/** Here and not with the other routes of connections: only the data plane reaches targets. */
@ApiTags('connections')
@Controller('connections')
@Roles('operator')
export class ClassifyController {
  readonly #desk: ClassifyDesk;

  constructor(@Inject(ClassifyDesk) desk: ClassifyDesk) {
    this.#desk = desk;
  }

  /** Samples the columns of a connection's target and drafts masking rules for them; changes nothing. */
  @Post(':name/classify')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: classifyItem })
  classify(
    @Caller() { principal: by }: CallerIdentity,
    @Param('name') name: string,
    @Body({ schema: classifyBody }) body: ClassifyBody,
    @Res({ passthrough: true }) { raw }: Reply,
  ): Promise<ClassifyItem> {
    const gone = new AbortController();
    raw.once('close', () => gone.abort());
    return this.#desk.run(name, body, by, gone.signal);
  }
}
