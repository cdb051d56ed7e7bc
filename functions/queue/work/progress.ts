/**
 * Progress of a delivery that is under way.
 */

import type { Verdict } from '../../delivery/verdict.ts';
import { withProgress } from '../disposition/settlement.ts';
import { progressDelay } from '../items/policy.ts';
import { type Services, wallTime } from '../writes/services.ts';
import type { Lease } from './lease.ts';

/**
 * Writes finished recipients while the server is slow with the others. One write is under way at a time; the next one
 * contains all newer verdicts.
 */
export class Progress {
  readonly #lease: Lease;
  readonly #services: Services;
  readonly #verdicts = new Map<number, Verdict>();
  readonly #over = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #hasNewer = false;

  constructor(lease: Lease, services: Services) {
    this.#lease = lease;
    this.#services = services;
  }

  /** Adds a verdict; `sent` verdicts are written after a while. `n`: the recipient's position in the request. */
  add(n: number | undefined, verdict: Verdict): void {
    if (n === undefined || verdict.status !== 'sent') return;
    this.#verdicts.set(n, verdict);
    this.#hasNewer = true;
    this.#schedule();
  }

  /** Waits for a write under way, which is not repeated; unwritten verdicts go into the settlement. */
  async finish(): Promise<void> {
    this.#over.abort();
    clearTimeout(this.#timer);
    await this.#writing;
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#writing !== undefined || this.#over.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#write();
    }, progressDelay);
  }

  async #write(): Promise<void> {
    const { item } = this.#lease;
    const now = wallTime(this.#services);
    const verdicts = new Map(this.#verdicts);
    this.#hasNewer = false;
    try {
      const changesOf = (current: typeof item) => ({ recipients: withProgress(current, verdicts, now) });
      await this.#lease.progress(changesOf, this.#over.signal);
    } catch (error) {
      if (!this.#over.signal.aborted) {
        this.#services.log.note('warn', 'progress not written', { id: item.id, delivery: item.delivery, error });
      }
    }
    this.#writing = undefined;
    if (this.#hasNewer) this.#schedule();
  }
}
