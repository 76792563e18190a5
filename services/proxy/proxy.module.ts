import { Module } from '@nestjs/common';
import { ProxyHost } from './proxy.host.js';

/** The data plane: one gate that every protocol passes. */
@Module({ providers: [ProxyHost], exports: [ProxyHost] })
export class ProxyModule {}
