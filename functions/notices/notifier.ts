/**
 * Raises notices of the classes in notify_classes: at most one an hour for each class and destination, with the count
 * since the last one. Best effort, as in Postfix: mail never waits for a notice.
 */

import type { Clock } from '../time/clock.ts';
import type { Notice, NoticeClass } from './notice.ts';

/** Trouble to report; the notifier fills in the rest of the notice. */
export type Trouble = Pick<Notice, 'class' | 'subject'> &
  Partial<Pick<Notice, 'peer' | 'destination' | 'queueId' | 'transcript'>>;

/** The topic of notices. */
export interface NoticeTopic {
  publish(notice: Notice): Promise<void>;
}

/** The counts of trouble, shared by all containers. */
export interface NoticeCounts {
  /**
   * Counts trouble.
   *
   * @param times how often it happened
   * @param pause milliseconds without a second notice
   * @returns the count since the last notice, if one is due and no other container sends it
   */
  count(key: string, times: number, now: number, pause: number): Promise<number | undefined>;
}

/** What a notifier depends on. */
export interface NotifierParts {
  readonly topic: NoticeTopic;
  readonly counts: NoticeCounts;
  /** notify_classes */
  readonly classes: readonly NoticeClass[];
  /** master.cf service name. */
  readonly transport: string;
  readonly clock: Clock;
  /** Called if a notice could not be sent. */
  readonly onFailure: (error: unknown) => void;
}

/** Milliseconds between two notices of one class about one destination. */
export const noticePause = 3_600_000;

/** Milliseconds for which a container counts in memory before it writes to the table: a burst is one write. */
const gathering = 5_000;

interface Gathered {
  readonly since: number;
  times: number;
}

/** Raises notices. */
export class Notifier {
  readonly #parts: NotifierParts;
  readonly #gathered = new Map<string, Gathered>();
  readonly #sending = new Set<Promise<void>>();

  constructor(parts: NotifierParts) {
    this.#parts = parts;
  }

  /** Whether notices of a class are configured. */
  wants(about: NoticeClass): boolean {
    return this.#parts.classes.includes(about);
  }

  /** Raises a notice, unless one of its class and destination was sent recently. Returns at once. */
  raise(trouble: Trouble): void {
    if (!this.wants(trouble.class)) return;
    const key = `${trouble.class}#${trouble.destination ?? ''}`;
    const now = this.#parts.clock.now().wall;
    const known = this.#gathered.get(key);
    if (known !== undefined && now - known.since < gathering) {
      known.times += 1;
      return;
    }
    const times = (known?.times ?? 0) + 1;
    this.#gathered.set(key, { since: now, times: 0 });
    const sending = this.#send(key, trouble, times, now).finally(() => this.#sending.delete(sending));
    this.#sending.add(sending);
  }

  /** Waits until all notices are sent or have failed, because the container may be frozen after that. */
  async awaitSent(): Promise<void> {
    await Promise.all(this.#sending);
  }

  async #send(key: string, trouble: Trouble, times: number, now: number): Promise<void> {
    const { counts, topic, transport, onFailure } = this.#parts;
    try {
      const count = await counts.count(key, times, now, noticePause);
      if (count === undefined) return;
      const notice: Notice = {
        version: 1,
        kind: 'notice',
        id: crypto.randomUUID(),
        transcript: [],
        ...trouble,
        time: new Date(now).toISOString(),
        transport,
        count,
      };
      await topic.publish(notice);
    } catch (error) {
      onFailure(error);
    }
  }
}
