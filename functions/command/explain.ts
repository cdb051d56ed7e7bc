/**
 * `lambda-lmtp explain`: what is known of a message or a destination.
 */

import { explainDestination, explainMessage } from '../operator/explain.ts';
import type { OperatorServices } from '../operator/operator.ts';
import { destinationAsJson, destinationAsText, messageAsJson, messageAsText } from '../texts/explain-text.ts';
import { proposerOf } from '../texts/next-command.ts';
import { counted } from '../texts/words.ts';
import { Failure } from './failure.ts';
import { readDestination } from './filter-options.ts';
import { guarded, type OperateOptions, openOperation, print } from './operate.ts';
import { Progress } from './progress.ts';
import type { Run } from './run.ts';

/** Prints what is known of it. */
export const explainAction = guarded(explain);

async function explain(run: Run, name: string, options: OperateOptions): Promise<void> {
  const operation = await openOperation(options, run);
  const services = await operation.live();
  const place = proposerOf(run, options);
  // A queue id contains no colon; a next-hop contains one, unless it has the default port.
  if (!/[:[\]]/.test(name)) {
    const story = await explainMessage(name, services);
    if (story !== undefined) {
      await print(
        options.json === true ? JSON.stringify(messageAsJson(story)) : messageAsText(story, place).join('\n'),
        run,
      );
      return;
    }
  }
  const destination = asDestination(name, services);
  const progress = new Progress(
    run,
    options,
    (deliveries) => `${counted(deliveries, 'delivery', 'deliveries')} counted`,
  );
  const known = destination === undefined ? undefined : await explainDestination(destination, services, progress.note);
  progress.clear();
  if (known === undefined) {
    throw new Failure(
      'unavailable',
      `nothing is known of "${name}": no message of this queue has this id (finished messages are kept for 30 days), and no mail has waited for such a destination`,
    );
  }
  await print(
    options.json === true ? JSON.stringify(destinationAsJson(known)) : destinationAsText(known, place).join('\n'),
    run,
  );
}

function asDestination(name: string, services: OperatorServices): string | undefined {
  try {
    return readDestination(name, services);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
