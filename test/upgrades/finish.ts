/**
 * Brings everything in a table and in the queues to its end, with the functions of this release: servers
 * accept everything, an operator releases held mail, and corrects corrupt mail.
 */
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { putMessage } from '../../functions/aws/put-message.ts';
import { unholdDestination } from '../../functions/operator/destination-change.ts';
import { releaseMessage, requeueMessage } from '../../functions/operator/operator-change.ts';
import { activate } from '../../functions/queue/admission/activate.ts';
import type { QueueEvent } from '../../functions/queue/items/event.ts';
import type { DeliveryItem } from '../../functions/queue/items/item.ts';
import { parseWakeUp } from '../../functions/queue/items/messages.ts';
import { sweepInterval } from '../../functions/queue/items/policy.ts';
import { handleDeadLetter } from '../../functions/queue/settlement/dead-letters.ts';
import { sweep } from '../../functions/queue/sweep/sweep.ts';
import { type Deliver, work } from '../../functions/queue/work/worker.ts';
import type { EmulatedClients } from '../support/emulated-clients.ts';
import { TestClock } from '../support/test-clock.ts';
import { body, makeServices, type Written } from './scenario.ts';

/** The result. */
export interface Finished {
  /** All items of the table, unparsed. */
  readonly items: readonly Readonly<Record<string, unknown>>[];
  /** The deliveries among them. */
  readonly deliveries: readonly DeliveryItem[];
  readonly events: readonly QueueEvent[];
  readonly notes: readonly string[];
}

const takes: Deliver = async ({ recipients }, { gate }) => {
  await gate?.admit();
  return {
    verdicts: recipients.map(() => ({
      status: 'sent',
      dsn: '2.0.0',
      text: '250 2.0.0 ok',
      relay: 'x.test[192.0.2.1]:24',
      setUp: 0,
      transfer: 0,
    })),
  };
};

/** The most rounds; between two of them five minutes pass. */
const mostTurns = 100;

/**
 * Brings everything to its end.
 *
 * @param buries whether the messages in active are delivered as dead letters first
 */
export async function finishEverything(aws: EmulatedClients, written: Written, buries = false): Promise<Finished> {
  const active = [...written.active];
  const deferred = [...written.deferred];
  const events: QueueEvent[] = [];
  const notes: string[] = [];
  const clock = new TestClock();
  clock.advance(written.at - clock.wall);
  const services = makeServices(
    aws,
    {
      active: (text) => active.push(text),
      deferred: (text) => deferred.push(text),
      event: async (event) => void events.push(event),
      note: (text) => notes.push(text),
    },
    clock,
  );
  const order = { by: 'operator', why: 'the new release is here' };
  for (const text of buries ? active.splice(0) : []) {
    await handleDeadLetter({ messageId: 'dead', body: text, received: 9 }, services);
  }
  await putMessage(aws.clients.s3, { Bucket: 'messages', Key: 'in/corrupt.eml' }, body);
  for (let turn = 0; turn < mostTurns; turn += 1) {
    for (const text of deferred.splice(0)) await activate(parseWakeUp(text), services);
    for (const text of active.splice(0))
      await work(parseWakeUp(text), services, takes, { left: () => 60_000, whole: 60_000 });
    await services.scheduler.flushPlaces(services);
    if (turn === 1) {
      await unholdDestination('inet:withheld.test:24', { ...order, hold: 'manual' }, services);
      await releaseMessage({ id: 'held', delivery: '0000' }, { ...order, hold: 'manual' }, services);
      await requeueMessage({ id: 'corrupt', delivery: '0000' }, order, services);
    }
    const { deliveries } = await scan(aws);
    if (deliveries.every(({ state, pending }) => state === 'done' && Object.keys(pending).length === 0)) break;
    clock.advance(sweepInterval);
    await sweep(sweepInterval, services, () => true);
  }
  return { ...(await scan(aws)), events, notes };
}

/** The contents of the table. */
export async function scan({ clients, emulators }: EmulatedClients): Promise<Pick<Finished, 'items' | 'deliveries'>> {
  const { Items: items = [] } = await clients.table.send(new ScanCommand({ TableName: emulators.table }));
  const deliveries = items.filter(({ delivery }) => /^\d+$/.test(String(delivery))) as unknown as DeliveryItem[];
  return { items, deliveries };
}
