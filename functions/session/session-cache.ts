/**
 * Sessions that lie idle between two requests, in the module scope of a warm container.
 *
 * A session is checked out by one request and checked in again: two requests never share one, on any runtime. Age, idle
 * time and use count are judged when a session is asked for, because no timer runs in a frozen container; a timer
 * closes what lies too long in one that is not.
 */

import type { ChatOptions } from './chat.ts';
import type { Session } from './session.ts';

/** How long and how often a session may serve. */
export interface SessionLimits {
  /** Milliseconds a session may lie idle (max_idle). */
  readonly maxIdle: number;
  /** Requests one session serves (max_use). */
  readonly maxUse: number;
  /** Milliseconds a session may live, from its connection on (lmtp_connection_reuse_time_limit). */
  readonly maxAge: number;
  /** Do not wait for the reply to QUIT (lmtp_skip_quit_response). */
  readonly skipQuitReply: boolean;
  /** Sessions that may lie idle at once (lmtp_connection_cache_size). */
  readonly size: number;
  /** Every session is asked with RSET whether it works, and any 2xx is a yes (Postfix). */
  readonly isStrict?: boolean;
}

/** A session that was asked for. */
export interface CheckedOut {
  /** Absent: none works. */
  readonly session?: Session;
  /** Sessions that had their time yet and turned out dead. */
  readonly dead: number;
  /** Of those, the ones whose server had said something that no command asked for. */
  readonly outOfStep: number;
}

interface Parked {
  readonly key: string;
  readonly session: Session;
  readonly timer: NodeJS.Timeout;
}

/** The idle sessions of this process. */
export class SessionCache {
  readonly #limits: SessionLimits;
  readonly #parked = new Set<Parked>();

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  /** How many sessions lie idle. */
  get size(): number {
    return this.#parked.size;
  }

  /**
   * A session for the key that still works, if there is one. The youngest is taken first; what turns out dead is dropped.
   */
  async checkOut(key: string, options: ChatOptions): Promise<CheckedOut> {
    let dead = 0;
    let outOfStep = 0;
    for (const parked of [...this.#parked].reverse()) {
      if (parked.key !== key || !this.#remove(parked)) continue;
      const { session } = parked;
      if (this.#isUsable(session)) {
        const probed = await session.revive(options, this.#limits.isStrict);
        if (probed === 'alive') return { session, dead, outOfStep };
        dead += 1;
        if (probed === 'out of step') outOfStep += 1;
      }
      session.drop();
    }
    return { dead, outOfStep };
  }

  /** Parks a session for the next request with the same key; one that may not serve again is said goodbye to. */
  checkIn(key: string, session: Session, options: ChatOptions): void {
    session.park();
    if (!this.#isUsable(session) || session.isDisturbed || this.#limits.size < 1) {
      void session.quit(options, { skipReply: this.#limits.skipQuitReply });
      return;
    }
    const timer = setTimeout(() => {
      if (this.#remove(parked)) session.drop();
    }, this.#limits.maxIdle);
    timer.unref();
    const parked: Parked = { key, session, timer };
    this.#parked.add(parked);
    for (const oldest of this.#parked) {
      if (this.#parked.size <= this.#limits.size) break;
      if (this.#remove(oldest)) void oldest.session.quit(options, { skipReply: this.#limits.skipQuitReply });
    }
  }

  /** Ends every idle session. */
  async close(options: ChatOptions): Promise<void> {
    const sessions = [...this.#parked].filter((parked) => this.#remove(parked));
    await Promise.all(sessions.map(({ session }) => session.quit(options, { skipReply: this.#limits.skipQuitReply })));
  }

  /** Takes a session out; false if another request was faster. */
  #remove(parked: Parked): boolean {
    clearTimeout(parked.timer);
    return this.#parked.delete(parked);
  }

  #isUsable(session: Session): boolean {
    const { maxIdle, maxUse, maxAge } = this.#limits;
    return session.takesMore && session.idleTime < maxIdle && session.use <= maxUse && session.age < maxAge;
  }
}
