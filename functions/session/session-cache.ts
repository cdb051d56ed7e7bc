/**
 * Idle sessions between two requests, in the module scope of a warm container.
 *
 * One request checks a session out and in again: two requests never share one. Age, idle time and use count are checked at check-out,
 * because no timer runs in a frozen container. In a running one, a timer closes sessions that are idle for too long.
 */

import type { ChatOptions } from './chat.ts';
import type { Session } from './session.ts';

/** How long and how often a session may serve. */
export interface SessionLimits {
  /** Milliseconds a session may be idle (max_idle). */
  readonly maxIdle: number;
  /** Requests one session serves (max_use). */
  readonly maxUse: number;
  /** Milliseconds a session may live, from its connection (lmtp_connection_reuse_time_limit). */
  readonly maxAge: number;
  /** Do not wait for the reply to QUIT (lmtp_skip_quit_response). */
  readonly skipQuitReply: boolean;
  /** The most idle sessions (lmtp_connection_cache_size). */
  readonly size: number;
  /** Every session is probed with RSET, and any 2xx means alive (Postfix). */
  readonly isStrict?: boolean;
}

/** The result of a check-out. */
export interface CheckedOut {
  /** Absent: no session works. */
  readonly session?: Session;
  /** Sessions within their limits that were dead. */
  readonly dead: number;
  /** Of those, sessions with an unexpected reply. */
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

  /** The number of idle sessions. */
  get size(): number {
    return this.#parked.size;
  }

  /**
   * Returns a working session for the key, if any. The youngest is tried first, and dead ones are dropped.
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

  /** Parks a session for the next request with the same key, or sends QUIT if it must not be used again. */
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

  /** Removes a session; false if another request was faster. */
  #remove(parked: Parked): boolean {
    clearTimeout(parked.timer);
    return this.#parked.delete(parked);
  }

  #isUsable(session: Session): boolean {
    const { maxIdle, maxUse, maxAge } = this.#limits;
    return session.takesMore && session.idleTime < maxIdle && session.use <= maxUse && session.age < maxAge;
  }
}
