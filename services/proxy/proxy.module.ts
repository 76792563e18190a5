import { Module, type DynamicModule } from '@nestjs/common';
import { ProxyHost } from './proxy.host.js';
import { alone, PLACE, type Place } from './workers/place.js';
import { ProxyWorkers } from './workers/proxy.workers.js';

/** What serves the data plane: this process, or workers of its own. */
export abstract class DataPlane {
  /** Where PostgreSQL clients connect, once there is such a place. */
  abstract readonly address: { readonly host: string; readonly port: number } | undefined;
}

/** The data plane: one gate that every protocol passes. */
@Module({})
export class ProxyModule {
  /** `workers`: of processes; one is this one. */
  static forRoot(workers: number): DynamicModule {
    return workers === 1 ? ProxyModule.at(alone) : ProxyModule.inWorkers();
  }

  static at(place: Place): DynamicModule {
    return {
      module: ProxyModule,
      providers: [
        ProxyHost,
        { provide: PLACE, useValue: place },
        { provide: DataPlane, useExisting: ProxyHost },
      ],
      exports: [ProxyHost, DataPlane],
    };
  }

  private static inWorkers(): DynamicModule {
    return {
      module: ProxyModule,
      providers: [ProxyWorkers, { provide: DataPlane, useExisting: ProxyWorkers }],
      exports: [DataPlane],
    };
  }
}
