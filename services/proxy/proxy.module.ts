import { Module, type DynamicModule } from '@nestjs/common';
import { CheckController } from './check.controller.js';
import { CheckDesk } from './check.desk.js';
import { ClassifyController } from './classify.controller.js';
import { ClassifyDesk } from './classify.desk.js';
import { DataPlane } from './data-plane.js';
import { JournalController } from './journal.controller.js';
import { JournalWords } from './journal.words.js';
import { ProxyHost } from './proxy.host.js';
import { alone, PLACE, type Place } from './workers/place.js';
import { ProxyWorkers } from './workers/proxy.workers.js';

/** The data plane: one gate that every protocol passes. */
@Module({})
export class ProxyModule {
  /** `workers`: of processes; one is this one. */
  static forRoot(workers: number): DynamicModule {
    const plane = workers === 1 ? ProxyModule.at(alone) : ProxyModule.inWorkers();
    return {
      ...plane,
      controllers: [CheckController, ClassifyController, JournalController],
      providers: [...(plane.providers ?? []), JournalWords],
    };
  }

  static at(place: Place): DynamicModule {
    return {
      module: ProxyModule,
      providers: [
        ProxyHost,
        CheckDesk,
        ClassifyDesk,
        { provide: PLACE, useValue: place },
        { provide: DataPlane, useExisting: ProxyHost },
      ],
      exports: [ProxyHost, DataPlane],
    };
  }

  private static inWorkers(): DynamicModule {
    return {
      module: ProxyModule,
      providers: [ProxyWorkers, CheckDesk, ClassifyDesk, { provide: DataPlane, useExisting: ProxyWorkers }],
      exports: [DataPlane],
    };
  }
}
