/**
 * The number of messages in the queues of a stack and in their dead-letter queues.
 */

import { GetQueueAttributesCommand, GetQueueUrlCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { errorWords } from '../log/error-words.ts';
import type { QueueDepth, QueueDepths } from '../operator/ports.ts';

/** A queue to read. */
export interface NamedQueue {
  readonly name: string;
  readonly kind: 'corrupt' | 'wake-ups' | 'requests' | 'events';
  readonly url: string;
}

/** The depths of queues. */
export class SqsDepths implements QueueDepths {
  readonly #client: SQSClient;
  readonly #queues: readonly NamedQueue[];

  constructor(client: SQSClient, queues: readonly NamedQueue[]) {
    this.#client = client;
    this.#queues = queues;
  }

  async read(): Promise<{ readonly depths: readonly QueueDepth[]; readonly unreachable: readonly string[] }> {
    const depths: QueueDepth[] = [];
    const unreachable: string[] = [];
    await Promise.all(
      this.#queues.map(async ({ name, kind, url }) => {
        const deadLetters = await this.#readDepth(name, url, unreachable, ({ messages }) => {
          depths.push({ name, kind, messages });
        });
        if (deadLetters === undefined) return;
        const title = `${name} dead letters`;
        await this.#readDepth(title, deadLetters, unreachable, ({ messages }) => {
          depths.push({ name: title, kind: 'dead letters', messages });
        });
      }),
    );
    return { depths, unreachable };
  }

  /**
   * Reads a queue, and returns the ARN of its dead-letter queue. Without permission the queue is listed as unreachable,
   * and the others are still read.
   */
  async #readDepth(
    name: string,
    queue: string,
    unreachable: string[],
    found: (depth: { readonly messages: number }) => void,
  ): Promise<string | undefined> {
    try {
      const { Attributes = {} } = await this.#client.send(
        new GetQueueAttributesCommand({
          QueueUrl: await this.#urlOf(queue),
          AttributeNames: [
            'ApproximateNumberOfMessages',
            'ApproximateNumberOfMessagesNotVisible',
            'ApproximateNumberOfMessagesDelayed',
            'RedrivePolicy',
          ],
        }),
      );
      const { ApproximateNumberOfMessages: ready, RedrivePolicy: redrive } = Attributes;
      const { ApproximateNumberOfMessagesNotVisible: taken, ApproximateNumberOfMessagesDelayed: delayed } = Attributes;
      found({ messages: [ready, taken, delayed].reduce((sum, count) => sum + Number(count ?? 0), 0) });
      return redrive === undefined ? undefined : deadLettersOf(redrive);
    } catch (error) {
      unreachable.push(`${name}: ${errorWords(error)}`);
      return undefined;
    }
  }

  /** Dead-letter queues are known by their ARN. */
  async #urlOf(queue: string): Promise<string> {
    const [, , , , account = '', name = ''] = queue.startsWith('arn:') ? queue.split(':') : [];
    if (name === '') return queue;
    const { QueueUrl = queue } = await this.#client.send(
      new GetQueueUrlCommand({ QueueName: name, QueueOwnerAWSAccountId: account }),
    );
    return QueueUrl;
  }
}

function deadLettersOf(redrivePolicy: string): string | undefined {
  const policy = JSON.parse(redrivePolicy) as { readonly deadLetterTargetArn?: string };
  return policy.deadLetterTargetArn;
}
