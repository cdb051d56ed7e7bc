/**
 * An event source in virtual time: receives messages from a queue in batches and invokes a function with
 * them, in containers that stay warm, as Lambda's event source mapping for SQS does (infra/local/poller.ts is
 * the real one of the local stack).
 */
import type { Container } from './container.ts';
import type { Random } from './random.ts';
import type { SimulatedMessage, SimulatedQueue } from './simulated-queue.ts';
import type { VirtualTime } from './virtual-time.ts';

export interface EventSourceOptions {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly queue: SimulatedQueue;
  readonly containers: Containers;
  /** Maximum concurrency. */
  readonly maximumConcurrency: number;
  /** Milliseconds until a message of the queue is received, from and to. */
  readonly latency: readonly [number, number];
  /** Handles a batch. It deletes the finished messages. */
  readonly invoke: (batch: readonly SimulatedMessage[], container: Container) => Promise<void>;
  /** Called with what an invocation threw. */
  readonly onFailure: (error: unknown) => void;
}

/** Records of a batch, at most. */
const batchSize = 10;

/** An event source. */
export class EventSource {
  readonly #options: EventSourceOptions;
  #running = 0;
  #isWaiting = false;

  constructor(options: EventSourceOptions) {
    this.#options = options;
    options.queue.onReady = () => this.#poll();
  }

  /** Invocations that run now. */
  get running(): number {
    return this.#running;
  }

  #poll(): void {
    const { time, random, queue, maximumConcurrency, latency } = this.#options;
    if (this.#isWaiting || this.#running >= maximumConcurrency || !queue.hasReady) return;
    this.#isWaiting = true;
    const [least, most] = latency;
    time.at(time.wall + random.whole(least, most), () => {
      this.#isWaiting = false;
      while (this.#running < maximumConcurrency && queue.hasReady) {
        this.#running += 1;
        void this.#serve(queue.receive(batchSize));
      }
    });
  }

  async #serve(batch: readonly SimulatedMessage[]): Promise<void> {
    const { queue, containers, invoke, onFailure } = this.#options;
    const container = containers.take();
    try {
      await invoke(batch, container);
    } catch (error) {
      onFailure(error);
    }
    containers.giveBack(container);
    for (const message of batch) queue.makeVisible(message);
    this.#running -= 1;
    this.#poll();
  }
}

/** The containers of a function. */
export class Containers {
  readonly #make: () => Container;
  readonly #random: Random;
  /** How often, from 0 to 1, one is removed after an invocation. */
  readonly #turnover: number;
  readonly #idle: Container[] = [];
  #started = 0;

  constructor(make: () => Container, random: Random, turnover: number) {
    this.#make = make;
    this.#random = random;
    this.#turnover = turnover;
  }

  /** How many were ever started. */
  get started(): number {
    return this.#started;
  }

  /** Returns a warm one, or a new one. */
  take(): Container {
    const warm = this.#idle.pop();
    if (warm !== undefined) return warm;
    this.#started += 1;
    return this.#make();
  }

  giveBack(container: Container): void {
    if (!container.isUsable || this.#random.chance(this.#turnover)) return;
    // The choice among warm ones is random.
    this.#idle.splice(this.#random.whole(0, this.#idle.length), 0, container);
  }
}
