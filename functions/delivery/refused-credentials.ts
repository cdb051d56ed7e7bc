/**
 * Credentials that a server has refused. They are not tried again until they change or some time has passed, because servers lock
 * accounts after wrong passwords (smtp_sasl_auth_cache.c). Each container remembers versions, never passwords.
 */

import type { Password } from '../secrets/password-maps.ts';
import type { Reply } from '../smtp/reply.ts';
import { type Clock, elapsed, type Moment } from '../time/clock.ts';

/** One refusal. */
interface Refusal {
  readonly version: string;
  readonly reply: Reply;
  readonly at: Moment;
}

/** The refusals of a container. */
export class RefusedCredentials {
  readonly #refusals = new Map<string, Refusal>();
  readonly #clock: Clock;
  /** Milliseconds (lmtp_sasl_auth_cache_time); 0 = nothing is remembered. */
  readonly #longest: number;

  constructor(clock: Clock, longest: number) {
    this.#clock = clock;
    this.#longest = longest;
  }

  /** Returns the recent refusal of these credentials by a server (`host[address]:port`, because addresses may differ). */
  find(server: string, password: Password): Reply | undefined {
    const key = keyOf(server, password);
    const refusal = this.#refusals.get(key);
    if (refusal === undefined) return undefined;
    const { version, reply, at } = refusal;
    if (version === password.version && elapsed(at, this.#clock.now()) < this.#longest) return reply;
    this.#refusals.delete(key);
    return undefined;
  }

  /** Remembers a refusal. */
  note(server: string, password: Password, reply: Reply): void {
    if (this.#longest > 0) {
      this.#refusals.set(keyOf(server, password), { version: password.version, reply, at: this.#clock.now() });
    }
  }
}

function keyOf(server: string, { credentials, source }: Password): string {
  return JSON.stringify([server, credentials.user, source]);
}
