/**
 * A realistic queue for the pictures, with invented names, written directly to the table of a local stack.
 */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DynamoDbDestinations } from '../../functions/aws/dynamodb-destinations.ts';
import { DynamoDbLedger } from '../../functions/aws/dynamodb-ledger.ts';
import { type DestinationRecord, emptyRecord } from '../../functions/queue/items/destination-record.ts';
import type { DeliveryItem, LastVerdict } from '../../functions/queue/items/item.ts';

const minute = 60_000;

/** Mail for one destination that waits for one reason. */
interface Waiting {
  readonly destination: string;
  readonly deliveries: number;
  readonly state: 'deferred' | 'held';
  /** Ages of the youngest and the oldest, in minutes. */
  readonly ages: readonly [number, number];
  readonly dsn: LastVerdict['dsn'];
  /** The reply; `USER` and `NUMBER` differ for each delivery. */
  readonly text: string;
  readonly inDoubt?: true;
}

const imapA = 'inet:imap-a.example.net:24';
const imapB = 'inet:imap-b.example.net:24';
const archive = 'inet:archive.example.net:24';
const lists = 'inet:lists.example.org:8024';

const refused = 'connect to imap-b.example.net[10.0.4.22]:24: Connection refused';

const waiting: readonly Waiting[] = [
  { destination: imapB, deliveries: 610, state: 'deferred', ages: [1, 14], dsn: '4.4.1', text: refused },
  { destination: imapB, deliveries: 310, state: 'deferred', ages: [14, 62], dsn: '4.4.1', text: refused },
  {
    ...{ destination: imapA, deliveries: 57, state: 'deferred', ages: [3, 900], dsn: '4.2.2' },
    text: 'host imap-a.example.net[10.0.4.21]:24 said: 452 4.2.2 <USER@example.com> Quota exceeded (mailbox for user is full)',
  },
  {
    ...{ destination: archive, deliveries: 84, state: 'held', ages: [20, 75], dsn: '4.3.0' },
    text: 'host archive.example.net[10.0.7.3]:24 said: 451 4.3.0 <USER@example.com> Temporary internal error NUMBER',
  },
  {
    ...{ destination: lists, deliveries: 4, state: 'deferred', ages: [6, 25], dsn: '4.4.2', inDoubt: true },
    text: 'lost connection with lists.example.org[10.0.9.5] while sending end of data -- message may be sent more than once',
  },
];

/** Fills the table of a stack whose functions do not run. */
export async function writeBelievableMail(client: DynamoDBDocumentClient, table: string): Promise<void> {
  const now = Date.now();
  const destinations = new DynamoDbDestinations(client, table);
  for (const record of records(now)) await destinations.write(record);
  const ledger = new DynamoDbLedger(client, table);
  const items = waiting.flatMap((group, index) =>
    Array.from({ length: group.deliveries }, (_, n) => itemOf(group, index * 10_000 + n, n / group.deliveries, now)),
  );
  for (let from = 0; from < items.length; from += 50) {
    await Promise.all(items.slice(from, from + 50).map((item) => ledger.admit(item)));
  }
}

function records(now: number): readonly DestinationRecord[] {
  const since = now - 61 * minute;
  const working = { size: 20, failedCohorts: 0, failure: 0, failures: 0, at: now };
  const failing = { size: 1, failedCohorts: 1, failure: 0, failures: 57, at: now, succeededAt: since };
  return [
    {
      ...{ ...emptyRecord(imapB), window: failing },
      suspension: { since, until: now + 4 * minute, why: refused, dsn: '4.4.1', failures: 57 },
    },
    { ...emptyRecord(imapA), window: { ...working, succeededAt: now - 9000 } },
    {
      ...{ ...emptyRecord(archive), window: { ...working, succeededAt: now - 76 * minute } },
      holds: [{ id: 'INC-4711', reason: 'new disks', by: 'ops/ann', since, until: now + 100 * minute }],
    },
  ];
}

function itemOf(group: Waiting, serial: number, share: number, now: number): DeliveryItem {
  const { destination, state, ages, dsn, text, inDoubt } = group;
  const user = `user${serial}`;
  const arrival = now - Math.round((ages[0] + (ages[1] - ages[0]) * share) * minute);
  const id = `4bJ9${serial.toString(36).toUpperCase().padStart(8, '0')}`;
  return {
    ...{ version: 1, id, delivery: '0000', state, generation: 1, by: id, deliveries: 1, sender: `shop@example.org` },
    ...{ due: now + 5 * minute, requestHash: id, planHash: id, arrival, activated: arrival, attempt: 2 },
    recipients: [
      {
        ...{ address: `${user}@example.com`, n: 0 },
        last: {
          ...{ status: 'deferred', dsn, at: now - minute, attempt: 2 },
          text: text.replace('USER', user).replace('NUMBER', String(serial)),
          ...(inDoubt === undefined ? {} : { inDoubt }),
        },
      },
    ],
    message: { bucket: 'messages', key: `in/${id}.eml`, etag: '"0"', size: 4096 },
    ...{ destination, group: `${destination}#0`, pending: {} },
  };
}
