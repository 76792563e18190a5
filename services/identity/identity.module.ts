import { Module } from '@nestjs/common';
import { MeController } from './me.controller.js';

/** Who calls. Token verification itself is platform's, so that every process does it alike. */
@Module({ controllers: [MeController] })
export class IdentityModule {}
