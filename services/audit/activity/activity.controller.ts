import { Controller, Get, Headers, Inject, Param } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { positionHeader, type ApprovalRequest } from '#domain';
import { Authenticated, Caller, type CallerIdentity } from '#platform';
import { IngestService } from '../ingest/ingest.service.js';
import { notFound } from '../sessions/session.reads.js';
import { activity, type Activity } from './activity.item.js';
import { ActivityReads } from './activity.reads.js';
import { ApprovalRequests } from './approval.requests.js';

@ApiTags('approvals')
@Controller('activity')
export class ActivityController {
  readonly #requests: ApprovalRequests;
  readonly #reads: ActivityReads;
  readonly #ingest: IngestService;

  constructor(
    @Inject(ApprovalRequests) requests: ApprovalRequests,
    @Inject(ActivityReads) reads: ActivityReads,
    @Inject(IngestService) ingest: IngestService,
  ) {
    this.#requests = requests;
    this.#reads = reads;
    this.#ingest = ingest;
  }

  /**
   * What the requester of an approval did in the last 24 hours, without texts. For those who may decide it, security
   * and auditors. To anyone else it does not exist.
   */
  @Authenticated()
  @Get(':approvalId')
  @ApiOkResponse({ standardSchema: activity })
  async get(
    @Caller() caller: CallerIdentity,
    @Param('approvalId') id: string,
    @Headers(positionHeader) position?: string,
  ): Promise<Activity> {
    await this.#ingest.readFrom(position);
    const request = await this.#requests.find(id);
    if (!request || !(await this.#mayRead(caller, request))) throw notFound('approval', id);
    return this.#reads.lastDay(request.requester.id);
  }

  async #mayRead(caller: CallerIdentity, request: ApprovalRequest): Promise<boolean> {
    const { roles } = caller;
    if (roles.has('security') || roles.has('auditor')) return true;
    return roles.has('approver') && this.#requests.mayDecide(request, caller);
  }
}
