/**
 * Everything that a release writes: deliveries in each state, destination records, corrupt requests, records
 * of reports, and the messages between the functions. The real steps of the queue write it, over the real
 * adapters.
 *
 * record.ts keeps what a release wrote as a fixture; later releases are tested with it. So this imports only
 * what is there in both.
 */
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { DynamoDbDestinations } from '../../functions/aws/dynamodb-destinations.ts';
import { DynamoDbLedger } from '../../functions/aws/dynamodb-ledger.ts';
import { DynamoDbQueries } from '../../functions/aws/dynamodb-queries.ts';
import { DynamoDbReports } from '../../functions/aws/dynamodb-reports.ts';
import { putMessage } from '../../functions/aws/put-message.ts';
import { S3Bodies } from '../../functions/aws/s3-bodies.ts';
import { S3ContentStore } from '../../functions/aws/s3-content-store.ts';
import { S3CorruptQueue } from '../../functions/aws/s3-corrupt-queue.ts';
import { S3ObjectMetadata } from '../../functions/aws/s3-object-metadata.ts';
import { holdDestination } from '../../functions/operator/destination-change.ts';
import { holdMessage } from '../../functions/operator/operator-change.ts';
import { parseParameters } from '../../functions/parameters/parameters.ts';
import { activate } from '../../functions/queue/admission/activate.ts';
import { admit } from '../../functions/queue/admission/admit.ts';
import { Fallbacks } from '../../functions/queue/destinations/fallbacks.ts';
import { Scheduler } from '../../functions/queue/destinations/scheduler.ts';
import type { QueueServices } from '../../functions/queue/destinations/services.ts';
import type { QueueEvent, ReportableEvent } from '../../functions/queue/items/event.ts';
import { formatWakeUp } from '../../functions/queue/items/messages.ts';
import { type Deliver, work } from '../../functions/queue/work/worker.ts';
import { TableWrites } from '../../functions/queue/writes/table-writes.ts';
import { parseTransportMap } from '../../functions/request/transport-map.ts';
import type { EmulatedClients } from '../support/emulated-clients.ts';
import { TestClock } from '../support/test-clock.ts';

/** The contents of the queues and the table at the end. */
export interface Written {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** As the table stores them, including the attributes of its indexes. */
  readonly items: readonly Readonly<Record<string, unknown>>[];
  /** Bodies of messages, by queue. */
  readonly active: readonly string[];
  readonly deferred: readonly string[];
  /** The events on the topic. */
  readonly events: readonly string[];
}

/** The content of all messages. */
export const body = 'From: alice@example.org\r\nSubject: hello\r\n\r\nhello\r\n';

/** Names of the stories, which are queue ids; each has its own destination. */
export const stories = [
  'active',
  'queued',
  'deferred',
  'untold',
  'delivering',
  'held',
  'withheld',
  'bounced',
  'done',
  'corrupt',
  'refused',
  'suspended',
] as const;
export type Story = (typeof stories)[number];

/** Parameters of the stack. */
export const parameters = parseParameters({
  allow_local_destinations: 'yes',
  qmgr_message_active_limit: '1',
  lmtp_destination_concurrency_failed_cohort_limit: '1',
  lmtp_initial_destination_concurrency: '1',
});

/** The settings of admission. */
export function admissionOf({ clients }: EmulatedClients) {
  return {
    transportMap: parseTransportMap(
      stories.map((story) => `${story}.test lmtp:inet:${story}.test`).join('\n'),
      'lmtp',
      24,
    ),
    allowedDestinations: new Set<string>(),
    allowedBuckets: new Set(['messages']),
    messageBucket: 'messages',
    objects: new S3ObjectMetadata(clients.s3),
    contents: new S3ContentStore(clients.s3, 'messages'),
  };
}

/** QueueServices over the table and the bucket; sent messages are recorded. */
export function makeServices(
  { clients, emulators }: EmulatedClients,
  tell: {
    readonly active: (body: string) => void;
    readonly deferred: (body: string, delay: number) => void;
    readonly event: (event: QueueEvent) => Promise<void>;
    readonly note?: (text: string) => void;
  },
  clock = new TestClock(),
): QueueServices & { readonly clock: TestClock } {
  const { table, bucket, queues } = emulators;
  const destinations = new DynamoDbDestinations(clients.table, table);
  return {
    ledger: new DynamoDbLedger(clients.table, table),
    queries: new DynamoDbQueries(clients.table, table),
    destinations,
    scheduler: new Scheduler(destinations),
    fallbacks: new Fallbacks(destinations),
    writes: new TableWrites(),
    wakeUps: {
      activate: async (item) => tell.active(formatWakeUp(item)),
      wake: async (wakeUp, delay) => tell.deferred(formatWakeUp(wakeUp), delay),
    },
    events: { publish: tell.event },
    bodies: new S3Bodies(clients.s3),
    corrupt: new S3CorruptQueue(clients, { bucket, table, queueUrl: queues.corrupt.url }),
    parameters,
    transport: 'lmtp',
    clock,
    random: () => 0,
    log: { delivery: () => {}, note: (level, message) => tell.note?.(`${level}: ${message}`) },
  };
}

const times = { setUp: 0, transfer: 0 };
const said = {
  well: { status: 'sent', dsn: '2.0.0', text: '250 2.0.0 ok', relay: 'x.test[192.0.2.1]:24', ...times },
  busy: { status: 'deferred', dsn: '4.2.2', text: '452 4.2.2 Mailbox full', remoteMta: 'x.test', ...times },
  unknown: { status: 'bounced', dsn: '5.1.1', text: '550 5.1.1 User unknown', remoteMta: 'x.test', ...times },
} as const;

/** Replies by the local part of the address. */
const deliver: Deliver = async ({ recipients, destination }, { gate }) => {
  await gate?.admit();
  if (destination.startsWith('inet:delivering.test')) throw new Error('the function dies');
  const verdicts = recipients.map(({ address }) => said[address.split('@')[0] as keyof typeof said] ?? said.well);
  const blame = { scope: 'site', status: '4.4.1', text: 'connect: refused' } as const;
  return destination.startsWith('inet:suspended.test') ? { verdicts, blame } : { verdicts };
};

/** A local part that is not allowed. */
const unusable = 'bad\n';

/** Writes everything, into a new table. */
export async function writeEverything(aws: EmulatedClients): Promise<Written> {
  const active: string[] = [];
  const deferred: string[] = [];
  const events: string[] = [];
  let isTelling = true;
  const services = makeServices(aws, {
    active: (text) => active.push(text),
    deferred: (text) => deferred.push(text),
    event: async (event) => {
      if (!isTelling) throw new Error('the topic cannot be reached');
      events.push(JSON.stringify(event));
    },
  });
  const submit = async (story: Story, id: string, ...names: readonly string[]) => {
    const key = `in/${id}.eml`;
    await putMessage(aws.clients.s3, { Bucket: 'messages', Key: key }, body);
    const recipients = names.map((name) => {
      const address = `${name}@${story}.test`;
      if (name === unusable) return address;
      const notify = ['SUCCESS', 'FAILURE', 'DELAY'];
      return { address, original: `${name}@example.com`, orcpt: `rfc822;${name}@example.com`, notify };
    });
    const message = { bucket: 'messages', key };
    const more = { dsn: { ret: 'HDRS', envid: 'e-1' }, authentication: { spf: 'PASS' }, smtputf8: true };
    const request = { version: 1, id, sender: 'alice@example.org', recipients, message, body: '8BITMIME', ...more };
    await admit(
      { messageId: id, body: JSON.stringify(request), sent: services.clock.wall },
      admissionOf(aws),
      services,
    );
  };
  /** Processes what was sent to active for a request, and finishes the message. */
  const workOn = async (id: string) => {
    const [at] = active.flatMap((text, index) => (JSON.parse(text).id === id ? [index] : []));
    if (at === undefined) throw new Error(`${id} is not in active`);
    const [text = ''] = active.splice(at, 1);
    await work(JSON.parse(text), services, deliver, { left: () => 60_000, whole: 60_000 });
  };

  await submit('active', 'active', 'well', 'well2');
  await submit('queued', 'queued-first', 'well');
  await submit('queued', 'queued', 'well', 'busy');
  await submit('deferred', 'deferred', 'well', 'busy', 'unknown');
  await workOn('deferred');
  isTelling = false;
  await submit('untold', 'untold', 'busy', 'unknown');
  await workOn('untold');
  await submit('bounced', 'bounced', 'unknown');
  await workOn('bounced');
  isTelling = true;
  await submit('delivering', 'delivering', 'well');
  await workOn('delivering').catch(() => {});
  await submit('held', 'held', 'well');
  const order = { by: 'operator', why: 'to look at it' };
  await holdMessage({ id: 'held', delivery: '0000' }, { ...order, hold: 'manual' }, services);
  await holdDestination('inet:withheld.test:24', { ...order, hold: 'manual' }, services);
  await submit('withheld', 'withheld', 'well');
  await submit('done', 'done', 'well');
  await workOn('done');
  await submit('corrupt', 'corrupt', 'well', 'busy');
  await aws.clients.s3.send(new DeleteObjectCommand({ Bucket: 'messages', Key: 'in/corrupt.eml' }));
  await workOn('corrupt');
  await submit('refused', 'refused', 'well', unusable);
  await submit('suspended', 'suspended', 'busy');
  await workOn('suspended');
  for (const text of deferred.filter((one) => JSON.parse(one).id === 'suspended')) {
    await activate(JSON.parse(text), services);
  }
  await admit({ messageId: 'unusable', body: '{"version":1}', sent: services.clock.wall }, admissionOf(aws), services);
  await services.scheduler.flushPlaces(services);
  await writeReport(aws, events);
  const { Items = [] } = await aws.clients.table.send(new ScanCommand({ TableName: aws.emulators.table }));
  const items = Items.map((item) => JSON.parse(JSON.stringify(item, sets)) as Record<string, unknown>);
  return { at: services.clock.wall, items, active, deferred, events };
}

/** A report of the first event. */
async function writeReport(aws: EmulatedClients, events: readonly string[]): Promise<void> {
  const [event] = events.map((text) => JSON.parse(text) as ReportableEvent);
  if (event === undefined) throw new Error('there is no event');
  const reports = new DynamoDbReports(aws.clients.table, aws.emulators.table);
  await reports.keep(reportGroup, { event, at: 1000 });
  const sealed = { number: 0, eventIds: [event.lmtp.eventId], sealedAt: 2000, lease: 3000, by: 'a function' };
  await reports.seal(reportGroup, { ...sealed, handedOver: [], isDone: false });
  await reports.recordHandedOver(reportGroup, 0, 'sender');
}

/** Where that report is stored. */
export const reportGroup = { id: 'deferred', kind: 'bounce', pass: 1 } as const;

/** JSON has no sets. */
function sets(_: string, value: unknown): unknown {
  return value instanceof Set ? { set: [...value] } : value;
}
