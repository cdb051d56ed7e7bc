/**
 * `npm run bench:cost`: what a delivery consumes of everything that AWS charges for, and its price.
 *
 *     npm run bench:cost -- --record # keep the figures: docs/cost.md is written from them (npm run documents)
 *
 * Messages of 20 kB with one recipient pass through the whole local stack in several ways: sent at the first
 * attempt with full batches, the same one at a time, deferred once, bounced with a report. It counts the
 * requests of the functions, the units of the table and its indexes, invocations, the CPU of the warm
 * containers, and their log output. It does not measure the response times of AWS: see assumptions in
 * infra/cost/model.ts.
 */
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { environmentNames } from '../../functions/parameters/environment.ts';
import { figuresText } from '../../infra/cost/document.ts';
import { type Figures, type Measurement, measurementFile } from '../../infra/cost/measurement.ts';
import { type MaildirServerOptions, startMaildirServer } from '../../infra/local/samples/maildir-server.ts';
import { type LocalStack, startLocalStack } from '../../infra/local/stack.ts';
import { makeMessage } from './support/make-message.ts';
import { figuresBetween, Meters } from './support/meters.ts';

const messages = 300;
const alone = 60;
const sweeps = 20;
const servers = 4;
/** Octets as stored. */
const size = 20_000;
/** Concurrent submissions. */
const submitters = 8;
/** Milliseconds that one of these ways may take. */
const patience = 180_000;
/** Milliseconds of silence after which the stack is idle. */
const settling = 2000;

const verdict: MaildirServerOptions['verdict'] = (recipient, seen) => {
  if (recipient.startsWith('late') && seen === 0) return { at: 'RCPT', code: 451, text: '4.3.0 Come again' };
  if (recipient.startsWith('unknown')) return { at: 'RCPT', code: 550, text: '5.1.1 User unknown' };
  return undefined;
};

/** Submits messages of one kind and waits until all their consequences are finished. */
async function send(stack: LocalStack, kind: string, count: number, isAlone: boolean): Promise<void> {
  const message = { bucket: stack.outputs.MessageBucketName, key: 'bench.eml' };
  const done = () => stack.deliveries.items.filter(({ status }) => status !== 'deferred').length;
  const already = done();
  const numbers = Array.from({ length: count }, (_, n) => n).values();
  const submitter = async () => {
    for (const n of numbers) {
      const [id, domain] = [`${kind}-${already}-${n}`, `d${n % servers}.test`];
      await stack.submit({ version: 1, id, sender: `alice@${domain}`, recipients: [`${id}@${domain}`], message });
      if (isAlone) await stack.deliveries.waitUntil(() => done() > already + n, patience);
    }
  };
  await Promise.all(Array.from({ length: isAlone ? 1 : submitters }, submitter));
  // A bounce is followed by its report, which is a delivery of its own.
  const each = kind === 'unknown' ? 2 : 1;
  await stack.deliveries.waitUntil(() => done() >= already + each * count, patience);
}

await using everything = new AsyncDisposableStack();
const meters = everything.use(await Meters.start());
const folder = await mkdtemp(join(tmpdir(), 'bench-cost-'));
everything.defer(() => rm(folder, { recursive: true, force: true }));
const stores = await Promise.all(
  Array.from({ length: servers }, (_, n) => startMaildirServer({ folder: join(folder, `store${n}`), verdict })),
);
for (const store of stores) everything.defer(() => store.close());
const stack = await startLocalStack({
  transportMap: stores.map(({ destination }, n) => `d${n}.test lmtp:${destination}`).join('\n'),
  parameters: { minimal_backoff_time: '2s', queue_run_delay: '2s' },
  environment: {
    AWS_ENDPOINT_URL_DYNAMODB: meters.tableEndpoint,
    [environmentNames.metricsNamespace]: 'LambdaLmtp/bench',
  },
  sweepInterval: 0,
  onRequest: meters.hear,
  onFailure: (name, { errorType, errorMessage }) => {
    process.stderr.write(`${name}: invocation failed: ${errorType}: ${errorMessage}\n`);
  },
});
everything.defer(() => stack.close());
meters.attach(stack);
await stack.putMessage('bench.eml', makeMessage(size));
// Warm the containers and open sessions before the measurement.
await send(stack, 'warm', 60, false);
await send(stack, 'unknown', 8, false);
await stack.sweep();

async function measure(kind: string, count: number, isAlone = false): Promise<Figures> {
  return await metered(kind, count, () => send(stack, kind, count, isAlone));
}

async function sweepOften(): Promise<void> {
  for (let n = 0; n < sweeps; n += 1) await stack.sweep();
}

async function metered(what: string, count: number, work: () => Promise<void>): Promise<Figures> {
  await sleep(settling);
  const before = meters.read();
  await work();
  // Writes, events and deletions after the last delivery count too.
  await sleep(settling);
  process.stderr.write(`${what}: ${count}\n`);
  return figuresBetween(before, meters.read(), count);
}

const { model = 'unknown' } = cpus()[0] ?? {};
const deliveries = { sent: messages, single: alone, deferred: messages, bounced: messages };
const measurement: Measurement = {
  date: new Date().toISOString().slice(0, 10),
  machine: `${model}, ${process.arch}, Node ${process.versions.node}`,
  deliveries,
  figures: {
    sent: await measure('bob', messages),
    single: await measure('bob', alone, true),
    deferred: await measure('late', messages),
    bounced: await measure('unknown', messages),
  },
  sweep: await metered('sweep', sweeps, sweepOften),
};
process.stdout.write(`${figuresText(measurement)}\n`);
if (process.argv.includes('--record')) {
  writeFileSync(measurementFile, `${JSON.stringify(measurement, rounded, 2)}\n`);
}

/** Rounds figures to four places: the rest is noise. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}
