/**
 * What is known of a delivery while it is still under way.
 */

import type { Verdict } from '../delivery/verdict.ts';
import { noteProgress } from '../disposition/settlement.ts';
import type { Lease } from './lease.ts';
import { progressDelay } from './policy.ts';
import { type Services, wallTime } from './services.ts';

/** Writes finished recipients down as they come, where the server takes its time over the others. */
export class Progress {
  readonly #lease: Lease;
  readonly #services: Services;
  readonly #verdicts = new Map<number, Verdict>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(lease: Lease, services: Services) {
    this.#lease = lease;
    this.#services = services;
  }

  /** Notes a verdict; those that were sent are written down after a while. `n`: the recipient's place in the request. */
  note(n: number | undefined, verdict: Verdict): void {
    if (n === undefined || verdict.status !== 'sent') return;
    this.#verdicts.set(n, verdict);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#writing.then(() => this.#write());
    }, progressDelay);
  }

  /** Waits for a write that is under way; what is not written yet goes into the settlement. */
  async finish(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#writing;
  }

  async #write(): Promise<void> {
    const { item } = this.#lease;
    const now = wallTime(this.#services);
    try {
      await this.#lease.progress((current) => ({ recipients: noteProgress(current, this.#verdicts, now) }));
    } catch (error) {
      this.#services.log.note('warn', 'progress not written', { id: item.id, delivery: item.delivery, error });
    }
  }
}
