/**
 * `npm run bench`: messages per second.
 *
 * - through the whole local stack: submitted to the incoming queue, admitted to the table, activated,
 * claimed, delivered, settled, with every AWS service emulated on this machine. The clock runs from the first
 * submission to the last verdict. How busy the process of the emulators was shows whose limit the figure is.
 * - by the agent alone, which delivers the same message over one cached session.
 * - by a lock-step client over one connection: what the server can do at one command a time.
 *
 * All deliver to the same LMTP servers, which store nothing and run in their own process. Loopback has no
 * distance, so the agent and the lock-step client also deliver to a server behind a delay, as in a network:
 * there round trips count.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { makeAgent } from '../../functions/delivery/agent.ts';
import { deliver } from '../../functions/delivery/deliver.ts';
import { inspectContent, type Message, openGate } from '../../functions/delivery/message.ts';
import { parseParameters } from '../../functions/parameters/parameters.ts';
import { noDeadline } from '../../functions/session/limit.ts';
import { ContentEncoder } from '../../functions/smtp/content-encoder.ts';
import { type LocalStack, startLocalStack } from '../../infra/local/stack.ts';
import { startChild } from './support/child.ts';
import { LockStepClient } from './support/lock-step-client.ts';
import { makeMessage } from './support/make-message.ts';
import { distance, type Sinks } from './support/sink-process.ts';
import { formatTable, median } from './support/statistics.ts';

const runs = 3;
const messages = 300;
/** Messages to the distant server. */
const farMessages = 100;
const destinations = 4;
/** Octets as stored. */
const size = 4096;
/** Concurrent submissions. */
const submitters = 8;
/** Milliseconds that a run through the stack may take. */
const patience = 40_000;

const sender = 'alice@example.org';
const content = makeMessage(size);

/** One measurement. */
interface Measure {
  readonly name: string;
  /** Messages per second of one run. */
  run(): Promise<number>;
  readonly rates: number[];
}

async function timed(count: number, work: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await work();
  return count / ((performance.now() - begun) / 1000);
}

/** Sends so many messages through the stack and waits for a verdict on each. */
async function sendThrough(stack: LocalStack, count: number, prefix: string): Promise<void> {
  const already = stack.deliveries.items.length;
  const numbers = Array.from({ length: count }, (_, n) => n).values();
  const submitter = async () => {
    for (const n of numbers) {
      const recipients = [`bob@d${n % destinations}.test`];
      await stack.submit({ version: 1, id: `${prefix}-${n}`, sender, recipients, message: bodyOf(stack) });
    }
  };
  await Promise.all(Array.from({ length: submitters }, submitter));
  await stack.deliveries.waitUntil((items) => items.length >= already + count, patience);
  const refused = stack.deliveries.items.slice(already).find(({ status }) => status !== 'sent');
  if (refused !== undefined) throw new Error(`not sent: ${JSON.stringify(refused)}`);
}

const bodyOf = ({ outputs }: LocalStack) => ({ bucket: outputs.MessageBucketName, key: 'bench.eml' });

function throughStack(stack: LocalStack): Measure['run'] {
  let run = 0;
  return () => {
    run += 1;
    return timed(messages, () => sendThrough(stack, messages, `run${run}`));
  };
}

function byAgent(port: number, count: number): Measure['run'] {
  const agent = makeAgent(parseParameters({ allow_local_destinations: 'yes', max_use: '1000000' }));
  const message: Message = {
    ...inspectContent(content),
    async *open() {
      yield content;
    },
  };
  const delivery = { sender, recipients: [{ address: 'bob@d0.test' }], destination: `inet:127.0.0.1:${port}` };
  return () =>
    timed(count, async () => {
      for (let n = 0; n < count; n += 1) {
        const { verdicts } = await deliver(delivery, agent, { message, gate: openGate, deadline: noDeadline });
        if (verdicts[0]?.status !== 'sent') throw new Error(`not sent: ${JSON.stringify(verdicts)}`);
      }
    });
}

function inLockStep(port: number, count: number): Measure['run'] {
  const encoder = new ContentEncoder();
  const wire = Buffer.concat([encoder.push(content), encoder.end(), Buffer.from('.\r\n')]);
  return async () => {
    using client = await LockStepClient.open(port);
    return await timed(count, async () => {
      for (let n = 0; n < count; n += 1) await client.deliver(sender, 'bob@d0.test', wire);
    });
  };
}

await using sinks = await startChild<Sinks>(new URL('support/sink-process.ts', import.meta.url), [
  String(destinations),
]);
const { ports, farPort } = sinks.said;
const stack = await startLocalStack({
  transportMap: ports.map((port, n) => `d${n}.test lmtp:inet:127.0.0.1:${port}`).join('\n'),
  onFailure: (name, { errorType, errorMessage }) => {
    process.stderr.write(`${name}: invocation failed: ${errorType}: ${errorMessage}\n`);
  },
});
try {
  await stack.putMessage('bench.eml', content);
  // Warm the containers and open sessions before the measurement.
  await sendThrough(stack, 40, 'warm');
  const [port = 0] = ports;
  const away = `server ${distance} ms away`;
  const whole: Measure = { name: 'the whole local stack', run: throughStack(stack), rates: [] };
  const measures: readonly Measure[] = [
    whole,
    { name: 'the agent alone, one session', run: byAgent(port, messages), rates: [] },
    { name: 'a lock-step client, one connection', run: inLockStep(port, messages), rates: [] },
    { name: `the agent alone, ${away}`, run: byAgent(farPort, farMessages), rates: [] },
    { name: `a lock-step client, ${away}`, run: inLockStep(farPort, farMessages), rates: [] },
  ];
  const busy: number[] = [];
  for (let n = 0; n < runs; n += 1) {
    for (const measure of measures) {
      const before = performance.eventLoopUtilization();
      measure.rates.push(await measure.run());
      if (measure === whole) busy.push(performance.eventLoopUtilization(before).utilization);
      // The pending work of the stack must not count for the next measurement.
      await sleep(200);
    }
  }
  const title = `${messages} messages of ${size / 1024} KiB, ${destinations} destinations for the stack; median of ${runs} runs`;
  process.stdout.write(`Messages per second: ${title}

${formatTable([
  ['', 'median', 'least', 'most', 'ratio to the stack'],
  ...measures.map(({ name, rates }) => [
    name,
    median(rates).toFixed(0),
    Math.min(...rates).toFixed(0),
    Math.max(...rates).toFixed(0),
    (median(rates) / median(whole.rates)).toFixed(1),
  ]),
])}
The process of the emulators was busy for ${(100 * median(busy)).toFixed(0)} % of the time of the stack's runs.
`);
} finally {
  await stack.close();
}
