/**
 * Sends wake-ups through SQS: to active (FIFO, one group for each slot) and to deferred (delayed).
 */

import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { DeliveryItem } from '../queue/items/item.ts';
import { formatWakeUp, type WakeUp } from '../queue/items/messages.ts';
import { longestDelay } from '../queue/items/policy.ts';
import type { WakeUps } from '../queue/items/ports.ts';

/** The two queues of wake-ups. */
export class SqsWakeUps implements WakeUps {
  readonly #client: SQSClient;
  readonly #activeUrl: string;
  readonly #deferredUrl: string;

  constructor(client: SQSClient, urls: { readonly active: string; readonly deferred: string }) {
    this.#client = client;
    this.#activeUrl = urls.active;
    this.#deferredUrl = urls.deferred;
  }

  async activate(item: DeliveryItem, copy = ''): Promise<void> {
    const { id, delivery, generation, group } = item;
    await this.#client.send(
      new SendMessageCommand({
        QueueUrl: this.#activeUrl,
        MessageBody: formatWakeUp(item),
        MessageGroupId: group,
        // Only saves stale reads of the table; correctness does not depend on it.
        MessageDeduplicationId: `${id}/${delivery}/${generation}${copy === '' ? '' : `/${copy}`}`,
      }),
    );
  }

  async wake(wakeUp: Omit<WakeUp, 'version'>, delay: number): Promise<void> {
    await this.#client.send(
      new SendMessageCommand({
        QueueUrl: this.#deferredUrl,
        MessageBody: formatWakeUp(wakeUp),
        // Rounded up, so that a wake-up is never early.
        DelaySeconds: Math.ceil(Math.min(Math.max(0, delay), longestDelay) / 1000),
      }),
    );
  }
}
