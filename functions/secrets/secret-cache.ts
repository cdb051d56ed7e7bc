/**
 * Secrets that were read before. A secret is read again when it is five minutes old; where that fails, the old one serves on.
 *
 * Age is taken on both clocks, since containers are frozen between invocations. There is at most one read under way for a
 * secret, and none shortly after one that failed, so that a burst of mail does not become a burst of requests.
 */

import { type Clock, elapsed, type Moment, systemClock } from '../time/clock.ts';
import { type FetchOptions, type Secret, SecretFault, type SecretStage, type SecretStore } from './secrets.ts';

/** Where secrets are read from; each call is a request. */
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
   * Hears that a secret could not be read again and that the old one serves on.
   *
   * @param age how old it is by now, in milliseconds
   */
  readonly onStale?: (name: string, fault: SecretFault, age: number) => void;
}

/** Milliseconds after which a secret is read again. */
export const longestAge = 300_000;

/** Milliseconds after a failed read in which it is not tried again: longer than a burst, shorter than anyone's patience. */
export const failurePause = 5_000;

interface Cached {
  /** The last one that could be read. */
  readonly secret?: Secret;
  /** When its reading began. */
  readonly readAt?: Moment;
  /** The last read's failure, if it failed. */
  readonly failure?: { readonly fault: SecretFault; readonly at: Moment };
}

/** A store that asks its source as seldom as it may. */
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
   * A secret, as it was read at most five minutes ago; longer ago only where it cannot be read now.
   *
   * A fresh one is read after the call, not before; one under AWSPENDING is never kept.
   *
   * @throws SecretFault where it cannot be read, nor ever could
   */
  async fetch(name: string, { fresh = false, stage = 'AWSCURRENT' }: FetchOptions = {}): Promise<Secret> {
    if (stage !== 'AWSCURRENT') return await this.#once(`${stage} ${name}`, () => this.#source.read(name, stage));
    // What is being read already may be from before the change that the caller is after.
    if (fresh) await this.#reading.get(name)?.catch(() => undefined);
    const { secret, readAt, failure } = this.#cached.get(name) ?? {};
    if (failure !== undefined && this.#since(failure.at) < failurePause) return inPlaceOfFailure(secret, failure.fault);
    if (!fresh && secret !== undefined && readAt !== undefined && this.#since(readAt) < longestAge) return secret;
    return await this.#once(name, () => this.#read(name));
  }

  /** Joins what is being read, or begins to read. */
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
      return inPlaceOfFailure(cached.secret, error);
    }
  }

  #since(moment: Moment): number {
    return elapsed(moment, this.#clock.now());
  }
}

function inPlaceOfFailure(secret: Secret | undefined, fault: SecretFault): Secret {
  if (secret === undefined) throw fault;
  return secret;
}
