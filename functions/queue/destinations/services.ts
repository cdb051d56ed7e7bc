/** The services of the steps that deliver: those of every step, and what a container knows about destinations. */

import type { Services } from '../writes/services.ts';
import type { Fallbacks } from './fallbacks.ts';
import type { Scheduler } from './scheduler.ts';

/** The services of qmgr, lmtp and the sweep. */
export interface QueueServices extends Services {
  readonly scheduler: Scheduler;
  readonly fallbacks: Fallbacks;
}
