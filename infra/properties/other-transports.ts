/**
 * The incoming queues of other transports. Where two hand mail to each other, one is made before the other: its queue is
 * looked at when the stack is synthesized, and no sooner.
 */
import { Lazy } from 'aws-cdk-lib';
import type { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { refuse } from './props-error.ts';
import { transportName } from './transport-name.ts';

/** A queue, or what gives it once everything is made. */
export type OtherTransport = Queue | IQueue | (() => Queue | IQueue);

/** What is told of the queue, and permitted. The key of one that is made later is taken to be that of our own queues. */
export type IncomingQueue = Pick<IQueue, 'queueArn' | 'queueUrl' | 'encryptionMasterKey'>;

/**
 * The queues by the name of their transport.
 *
 * @param own name of the transport that hands mail to them
 * @throws PropsError
 */
export function otherTransportsOf(
  given: Readonly<Record<string, OtherTransport>>,
  own: string,
): Readonly<Record<string, IncomingQueue>> {
  const entries = Object.entries(given).map(([name, queue]): [string, IncomingQueue] => {
    if (transportName('otherTransports', name) === own) {
      throw refuse('otherTransports', name, 'the name of another transport');
    }
    return [name, typeof queue === 'function' ? lazily(queue) : queue];
  });
  return Object.fromEntries(entries);
}

function lazily(queue: () => Queue | IQueue): IncomingQueue {
  return {
    queueArn: Lazy.string({ produce: () => queue().queueArn }),
    queueUrl: Lazy.string({ produce: () => queue().queueUrl }),
  };
}
