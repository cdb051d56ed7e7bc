/** The services of qmgr, lmtp and the sweep. */

import type { Services } from '../writes/services.ts';
import type { Fallbacks } from './fallbacks.ts';
import type { Scheduler } from './scheduler.ts';

/** The services of every step, and what a container knows about destinations. */
export interface QueueServices extends Services {
  readonly scheduler: Scheduler;
  readonly fallbacks: Fallbacks;
}
