import { Module } from '@nestjs/common';
import { ConnectionsController } from './connections.controller.js';
import { ConnectionsDesk } from './connections.desk.js';
import { PoliciesController } from './policies.controller.js';
import { PoliciesDesk } from './policies.desk.js';
import { PolicyFold } from './policy.fold.js';
import { PolicyOwnership } from './policy.ownership.js';
import { PolicyPublisher } from './policy.publisher.js';
import { PolicySimulation } from './policy.simulation.js';
import { Turns } from './turns.js';

/** What is allowed: connections, policies, masking; read from files or taken from the API, told by the log. */
@Module({
  controllers: [ConnectionsController, PoliciesController],
  providers: [
    Turns,
    PolicyFold,
    PolicyOwnership,
    PolicyPublisher,
    ConnectionsDesk,
    PoliciesDesk,
    PolicySimulation,
  ],
  exports: [PolicyFold, PolicyPublisher],
})
export class PolicyModule {}
