import { Module } from '@nestjs/common';
import { PolicyModule } from '../../policy/index.js';
import { SetupController } from './setup.controller.js';

/** What is set up, all services together: so it belongs to none of them. */
@Module({ imports: [PolicyModule], controllers: [SetupController] })
export class SetupModule {}
