/**
 * Delivers a message from S3 in a fresh process, once or several times at once, and reports the memory that it took.
 *
 * Arguments: bucket, key, destination, and how many times (1).
 */
import { makeClients } from '../../../functions/aws/clients.ts';
import { S3Bodies } from '../../../functions/aws/s3-bodies.ts';
import { makeAgent } from '../../../functions/delivery/agent.ts';
import { deliver } from '../../../functions/delivery/deliver.ts';
import { openGate } from '../../../functions/delivery/message.ts';
import { parseParameters } from '../../../functions/parameters/parameters.ts';
import { noDeadline } from '../../../functions/session/limit.ts';
import { tellParent } from './child.ts';

/** The message to the parent process. */
export interface Delivered {
  readonly status: string;
  readonly text: string;
  /** Resident memory after all modules were loaded, before any work, in MiB. */
  readonly before: number;
  /** Peak of resident memory, in MiB. */
  readonly peak: number;
  readonly seconds: number;
}

const mebibyte = 1024 * 1024;
const [, , bucket = '', key = '', destination = '', times = '1'] = process.argv;
const bodies = new S3Bodies(makeClients().s3);
const agent = makeAgent(parseParameters({ allow_local_destinations: 'yes' }));
const before = process.memoryUsage.rss() / mebibyte;
const begun = performance.now();
const pinned = await bodies.pin({ bucket, key });
const deliverOnce = async () => {
  const { verdicts } = await deliver(
    { sender: 'alice@example.org', recipients: [{ address: 'bob@example.com' }], destination },
    agent,
    { message: await bodies.load(pinned), gate: openGate, deadline: noDeadline },
  );
  return verdicts;
};
const verdicts = (await Promise.all(Array.from({ length: Number(times) }, deliverOnce))).flat();
const { status, text } = verdicts.find((one) => one.status !== 'sent') ?? { status: 'sent', text: '' };
tellParent({
  status,
  text,
  before,
  // In KiB, on every system.
  peak: process.resourceUsage().maxRSS / 1024,
  seconds: (performance.now() - begun) / 1000,
} satisfies Delivered);
