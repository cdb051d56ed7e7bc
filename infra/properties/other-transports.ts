/**
 * The incoming queues of other transports. If two transports hand mail to each other, the first is created before the second's
 * queue exists, so it resolves that queue at synth.
 */
import { Lazy } from 'aws-cdk-lib';
import type { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { refuse } from './props-error.ts';
import { transportName } from './transport-name.ts';

/** A queue, or a function that returns it at synth. */
export type OtherTransport = Queue | IQueue | (() => Queue | IQueue);

/** The attributes of the queue that permissions and the environment need. A queue resolved at synth has no key here: it is assumed
 * to have that of this stack's queues. */
export type IncomingQueue = Pick<IQueue, 'queueArn' | 'queueUrl' | 'encryptionMasterKey'>;

/**
 * Returns the queues by the name of their transport.
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
