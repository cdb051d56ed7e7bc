/**
 * Raises notices: those of the classes in notify_classes, and of one class about one destination no more than one in an hour,
 * with the count of what happened meanwhile. Best effort, as in Postfix: mail never waits for a notice.
 */

import type { Clock } from '../time/clock.ts';
import type { Notice, NoticeClass } from './notice.ts';

/** What is to be told; what is the same for all notices is filled in. */
export type Trouble = Pick<Notice, 'class' | 'subject'> &
  Partial<Pick<Notice, 'peer' | 'destination' | 'queueId' | 'transcript'>>;

/** Where notices go. */
export interface NoticeTopic {
  publish(notice: Notice): Promise<void>;
}

/** What all containers know of the notices that were sent. */
export interface NoticeCounts {
  /**
   * Counts trouble.
   *
   * @param times how often it happened
   * @param pause milliseconds in which there is no second notice
   * @returns how often it happened since the last notice, if it is time for one and nobody else was faster
   */
  count(key: string, times: number, now: number, pause: number): Promise<number | undefined>;
}

/** What a notifier works with. */
export interface NotifierParts {
  readonly topic: NoticeTopic;
  readonly counts: NoticeCounts;
  /** notify_classes */
  readonly classes: readonly NoticeClass[];
  /** master.cf service name. */
  readonly transport: string;
  readonly clock: Clock;
  /** Told that a notice could not be sent. */
  readonly onFailure: (error: unknown) => void;
}

/** Milliseconds between two notices of one class about one destination. */
export const noticePause = 3_600_000;

/** Milliseconds for which a container counts by itself before it writes to the table: a burst is one write. */
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

  /** Whether notices of a class are wanted at all. */
  wants(about: NoticeClass): boolean {
    return this.#parts.classes.includes(about);
  }

  /** Raises a notice, unless one of its kind was sent not long ago. Returns at once. */
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

  /** Waits until what was raised has been sent, or has failed: a function must not be frozen in between. */
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
