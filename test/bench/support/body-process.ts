/** S3 with messages in it, in its own process. Arguments: the sizes of the messages in octets; `size:2` has lines of two octets. */

import { putMessage } from '../../../functions/aws/put-message.ts';
import { startEmulators } from '../../../infra/local/emulators.ts';
import { tellParent } from './child.ts';
import { makeMessage } from './make-message.ts';

/** The message to the parent process. */
export interface Bodies {
  /** What an SDK client needs to find the bucket. */
  readonly environment: Readonly<Record<string, string>>;
  readonly bucket: string;
  /** In the order of the sizes. */
  readonly keys: readonly string[];
}

const { environment, bucket, clients } = await startEmulators();
const keys: string[] = [];
for (const wanted of process.argv.slice(2)) {
  const key = `${wanted}.eml`;
  const [size = 0, lineOctets] = wanted.split(':').map(Number);
  await putMessage(clients.s3, { Bucket: bucket, Key: key }, makeMessage(size, lineOctets));
  keys.push(key);
}
process.once('disconnect', () => process.exit());
tellParent({ environment, bucket, keys } satisfies Bodies);
