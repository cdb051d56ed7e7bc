/**
 * A cache of secrets. A secret is read again after five minutes; if that fails, the cached version stays in use.
 *
 * Both clocks measure the age, because containers are frozen between invocations. At most one read of a secret is in progress, and
 * none starts shortly after a failure, so that a burst of mail does not become a burst of requests.
 */

import { type Clock, elapsed, type Moment, systemClock } from '../time/clock.ts';
import { type FetchOptions, type Secret, SecretFault, type SecretStage, type SecretStore } from './secrets.ts';

/** The source of secrets; each call is a request. */
export interface SecretSource {
  /**
   * Reads one version of a secret.
   *
   * @throws SecretFault
   */
  read(name: string, stage: SecretStage): Promise<Secret>;
}

/** How secrets are cached. */
export interface SecretCacheOptions {
  /** Default: the machine's clocks. */
  readonly clock?: Clock;
  /**
   * Called when a secret could not be read again and the cached version stays in use.
   *
   * @param age its age in milliseconds
   */
  readonly onStale?: (name: string, fault: SecretFault, age: number) => void;
}

/** Milliseconds after which a secret is read again. */
export const longestAge = 300_000;

/** Milliseconds without a retry after a failed read: longer than a burst, shorter than a retry of mail. */
export const failurePause = 5_000;

interface Cached {
  /** The last version that could be read. */
  readonly secret?: Secret;
  /** When that read began. */
  readonly readAt?: Moment;
  /** The last read's failure, if it failed. */
  readonly failure?: { readonly fault: SecretFault; readonly at: Moment };
}

/** A store that asks its source as rarely as possible. */
export class SecretCache implements SecretStore {
  readonly #source: SecretSource;
  readonly #clock: Clock;
  readonly #onStale: NonNullable<SecretCacheOptions['onStale']>;
  readonly #cached = new Map<string, Cached>();
  readonly #reading = new Map<string, Promise<Secret>>();

  constructor(source: SecretSource, { clock = systemClock, onStale = () => {} }: SecretCacheOptions = {}) {
    this.#source = source;
    this.#clock = clock;
    this.#onStale = onStale;
  }

  /**
   * Returns a secret that was read at most five minutes ago, or an older one if it cannot be read now.
   *
   * `fresh`: a read that begins after the call. A secret in stage AWSPENDING is never cached.
   *
   * @throws SecretFault if it cannot be read and is not cached
   */
  async fetch(name: string, { fresh = false, stage = 'AWSCURRENT' }: FetchOptions = {}): Promise<Secret> {
    if (stage !== 'AWSCURRENT') return await this.#once(`${stage} ${name}`, () => this.#source.read(name, stage));
    // A read in progress may return the version before the change that the caller needs.
    if (fresh) await this.#reading.get(name)?.catch(() => undefined);
    const { secret, readAt, failure } = this.#cached.get(name) ?? {};
    if (failure !== undefined && this.#since(failure.at) < failurePause) return cachedOrFault(secret, failure.fault);
    if (!fresh && secret !== undefined && readAt !== undefined && this.#since(readAt) < longestAge) return secret;
    return await this.#once(name, () => this.#read(name));
  }

  /** Joins a read in progress, or begins one. */
  async #once(what: string, read: () => Promise<Secret>): Promise<Secret> {
    const reading = this.#reading.get(what) ?? read().finally(() => this.#reading.delete(what));
    this.#reading.set(what, reading);
    return await reading;
  }

  async #read(name: string): Promise<Secret> {
    const readAt = this.#clock.now();
    try {
      const secret = await this.#source.read(name, 'AWSCURRENT');
      this.#cached.set(name, { secret, readAt });
      return secret;
    } catch (error) {
      if (!(error instanceof SecretFault)) throw error;
      const cached = { ...this.#cached.get(name), failure: { fault: error, at: this.#clock.now() } };
      this.#cached.set(name, cached);
      if (cached.readAt !== undefined) this.#onStale(name, error, this.#since(cached.readAt));
      return cachedOrFault(cached.secret, error);
    }
  }

  #since(moment: Moment): number {
    return elapsed(moment, this.#clock.now());
  }
}

function cachedOrFault(secret: Secret | undefined, fault: SecretFault): Secret {
  if (secret === undefined) throw fault;
  return secret;
}
