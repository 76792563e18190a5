import { Module, type DynamicModule } from '@nestjs/common';
import { PlatformModule, type PlatformOptions } from '#platform';
import type { ServiceModule } from './targets.js';

/** The application of one process: the platform, and the modules of what it serves. */
@Module({})
export class ServicesModule {
  static forRoot(options: PlatformOptions, services: readonly ServiceModule[]): DynamicModule {
    return { module: ServicesModule, imports: [PlatformModule.forRoot(options), ...services] };
  }
}
