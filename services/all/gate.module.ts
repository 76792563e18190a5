import { Module, type DynamicModule } from '@nestjs/common';
import { PlatformModule, type PlatformOptions } from '#platform';
import { ApprovalModule } from '../approval/index.js';
import { IdentityModule } from '../identity/index.js';
import { NotifyModule } from '../notify/index.js';
import { PolicyModule } from '../policy/index.js';
import { ProxyModule } from '../proxy/index.js';
import { SetupModule } from './setup/setup.module.js';

/** The gate process: everything but audit, which owns its store in a process of its own. */
@Module({})
export class GateModule {
  static forRoot(options: PlatformOptions): DynamicModule {
    return {
      module: GateModule,
      imports: [
        PlatformModule.forRoot(options),
        IdentityModule,
        PolicyModule,
        ApprovalModule,
        NotifyModule,
        ProxyModule.forRoot(options.config.proxy.workers),
        SetupModule,
      ],
    };
  }
}
