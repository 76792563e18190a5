import { Module } from '@nestjs/common';
import { ClassifyController } from './classify.controller.js';
import { ClassifyDesk } from './classify.desk.js';
import { ProxyHost } from './proxy.host.js';

/** The data plane: one gate that every protocol passes. */
@Module({ controllers: [ClassifyController], providers: [ProxyHost, ClassifyDesk], exports: [ProxyHost] })
export class ProxyModule {}
