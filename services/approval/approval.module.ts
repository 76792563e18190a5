import { Module } from '@nestjs/common';
import { CONFIG, FileApprovalKeys, type WeirConfig } from '#platform';
import { ApprovalDesk } from './approval.desk.js';
import { ApprovalFold } from './approval.fold.js';
import { ApprovalHousekeeping } from './approval.housekeeping.js';
import { ApprovalStreams } from './approval.streams.js';
import { APPROVAL_KEYS } from './approval.tokens.js';
import { ApprovalsController } from './approvals.controller.js';

/** A person's yes or no, folded from the log. */
@Module({
  controllers: [ApprovalsController],
  providers: [
    ApprovalFold,
    ApprovalDesk,
    ApprovalHousekeeping,
    ApprovalStreams,
    {
      provide: APPROVAL_KEYS,
      inject: [CONFIG],
      useFactory: ({ sharedDir }: WeirConfig) => new FileApprovalKeys(sharedDir),
    },
  ],
})
export class ApprovalModule {}
