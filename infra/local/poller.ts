/**
 * An event source: takes messages from a queue and invokes a function with them, as Lambda's event source mapping for SQS does.
 *
 * - A batch is the result of one receive, up to `batchSize`; there is no batching window. A batch of a FIFO queue may contain
 *   several groups, and several messages of one group, in order. A group with a message in flight returns no more.
 * - Each batch goes to one invocation. `maximumConcurrency` bounds invocations, and no message is received before one is free.
 * - Partial batch responses (ReportBatchItemFailures): records in `batchItemFailures` stay in the queue, the rest is deleted. An
 *   empty list, or null: all are deleted. An empty or unknown identifier, or an answer of another shape: the whole batch stays.
 * - A failed invocation (thrown, crashed, timed out) leaves its whole batch in the queue, and the source backs off: it halves its
 *   concurrency and pauses, longer with each failure in a row; each success increases the concurrency by one.
 * - Remaining messages become visible after the queue's visibility time-out, or the one that the function set.
 *
 * Not emulated: several receivers and their slow scaling (Lambda starts with five and adds 300 invocations a minute), the 6 MB
 * limit of a batch, filters, and the event source's metrics.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import type { InvocationResult } from './container.ts';
import { sqsEvent } from './sqs-event.ts';

export interface PollerOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly queueArn: string;
  /** Serves a batch: `invoke` of a LambdaFunction. */
  readonly invoke: (event: SQSEvent) => Promise<InvocationResult>;
  /** 1 to 10. */
  readonly batchSize: number;
  /** The most concurrent invocations. */
  readonly maximumConcurrency: number;
  /** Whether the function may return failed records (ReportBatchItemFailures); default: yes. */
  readonly partialResponses?: boolean;
  /** Pauses after failed invocations, in milliseconds, doubled with each failure in a row; default: 200 to 10,000. */
  readonly backOff?: { readonly first: number; readonly longest: number };
  /** Called for each failed invocation. */
  readonly onFailure?: (failure: Extract<InvocationResult, { kind: 'failed' }>) => void;
}

const defaultBackOff = { first: 200, longest: 10_000 };

export class Poller {
  readonly #options: PollerOptions;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #places: number;
  #failuresInARow = 0;
  /** Time of the next receive, on the clock of performance.now(). */
  #resume = 0;
  #loop: Promise<void> | undefined;

  constructor(options: PollerOptions) {
    this.#options = options;
    this.#places = options.maximumConcurrency;
  }

  /** Running invocations. */
  get running(): number {
    return this.#running.size;
  }

  /** The current limit of concurrent invocations; below the maximum during back-off. */
  get places(): number {
    return this.#places;
  }

  start(): void {
    this.#loop ??= this.#poll();
  }

  /** Stops receiving, and waits until running invocations end and their finished messages are deleted. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    await Promise.all(this.#running);
  }

  async #poll(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      if (this.#running.size >= this.#places) {
        await Promise.race(this.#running);
        continue;
      }
      await this.#pause(this.#resume - performance.now());
      const messages = await this.#receive();
      if (messages.length === 0) continue;
      const serving: Promise<void> = this.#serve(messages).finally(() => this.#running.delete(serving));
      this.#running.add(serving);
    }
  }

  /** Waits up to 20 seconds for messages (long polling); an interrupted or failed call returns none. */
  async #receive(): Promise<readonly Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#options.queueUrl,
      MaxNumberOfMessages: this.#options.batchSize,
      WaitTimeSeconds: 20,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    try {
      const { Messages } = await this.#options.client.send(command, { abortSignal: this.#stopping.signal });
      return Messages ?? [];
    } catch {
      await this.#pause(100);
      return [];
    }
  }

  async #serve(messages: readonly Message[]): Promise<void> {
    const event = sqsEvent(messages, this.#options.queueArn);
    const result = await this.#options.invoke(event);
    if (result.kind === 'failed') {
      this.#backOff();
      this.#options.onFailure?.(result);
      return;
    }
    this.#failuresInARow = 0;
    this.#places = Math.min(this.#options.maximumConcurrency, this.#places + 1);
    const answer = this.#options.partialResponses === false ? undefined : result.value;
    await this.#delete(succeeded(messages, answer));
  }

  #backOff(): void {
    const { first, longest } = this.#options.backOff ?? defaultBackOff;
    this.#resume = performance.now() + Math.min(longest, first * 2 ** this.#failuresInARow);
    this.#failuresInARow++;
    this.#places = Math.max(1, Math.floor(this.#places / 2));
  }

  /** Waits, or until the source is stopped. */
  async #pause(milliseconds: number): Promise<void> {
    if (milliseconds <= 0) return;
    await sleep(milliseconds, undefined, { signal: this.#stopping.signal }).catch(() => {});
  }

  async #delete(messages: readonly Message[]): Promise<void> {
    if (messages.length === 0) return;
    const Entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    // A message that cannot be deleted is received again: SQS guarantees at-least-once delivery only.
    await this.#options.client
      .send(new DeleteMessageBatchCommand({ QueueUrl: this.#options.queueUrl, Entries }))
      .catch(() => {});
  }
}

/** The messages that a partial batch response does not name as failed. */
export function succeeded(messages: readonly Message[], response: unknown): readonly Message[] {
  const failures = failedIdentifiers(response);
  if (failures === undefined) return [];
  const known = new Set(messages.map(({ MessageId }) => MessageId));
  if (failures.some((identifier) => !known.has(identifier))) return [];
  return messages.filter(({ MessageId }) => !failures.includes(MessageId ?? ''));
}

/** The identifiers in a response; undefined if it does not have the shape that Lambda reads. */
function failedIdentifiers(response: unknown): readonly string[] | undefined {
  if (response === null || response === undefined) return [];
  if (typeof response !== 'object') return undefined;
  const failures = (response as { batchItemFailures?: unknown }).batchItemFailures ?? [];
  if (!Array.isArray(failures)) return undefined;
  const identifiers = failures.map((failure: { itemIdentifier?: unknown } | null) => failure?.itemIdentifier);
  return identifiers.every((identifier) => typeof identifier === 'string') ? identifiers : undefined;
}
