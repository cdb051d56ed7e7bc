/**
 * Credentials that a server has refused: they are not tried again until they change, or some time has passed, since servers
 * lock out whoever guesses (smtp_sasl_auth_cache.c). Kept by each container; what is remembered is a version, never a
 * password.
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

/** The refusals that a container remembers. */
export class RefusedCredentials {
  readonly #refusals = new Map<string, Refusal>();
  readonly #clock: Clock;
  /** Milliseconds (lmtp_sasl_auth_cache_time); 0 = nothing is remembered. */
  readonly #longest: number;

  constructor(clock: Clock, longest: number) {
    this.#clock = clock;
    this.#longest = longest;
  }

  /** What a server (`host[address]:port`: another address may think otherwise) said to these very credentials not long ago. */
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
