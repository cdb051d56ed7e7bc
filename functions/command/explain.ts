/**
 * `lambda-lmtp explain`: the story of a message, or what is known of a destination.
 */

import { Command } from 'commander';
import { explainDestination, explainMessage } from '../operator/explain.ts';
import type { OperatorServices } from '../operator/operator.ts';
import { destinationAsJson, destinationAsText, messageAsJson, messageAsText } from '../texts/explain-text.ts';
import { counted } from '../texts/words.ts';
import { Failure } from './failure.ts';
import { readDestination } from './filter-options.ts';
import { guarded, type OperateOptions, openOperation, print, withOperateOptions } from './operate.ts';
import { Progress } from './progress.ts';

/** Defines the command. */
export function explainCommand(): Command {
  const command = new Command('explain')
    .description('Tell the story of a message from its arrival to its next try, or how a destination is')
    .argument('<id-or-destination>', 'a queue id, ID/0000, or a next-hop such as inet:host:24');
  return withOperateOptions(command).action(guarded(explainAction));
}

async function explainAction(name: string, options: OperateOptions): Promise<void> {
  const { services } = await openOperation(options);
  // A queue id has no colon, and no next-hop but one with the default port is without one.
  if (!/[:[\]]/.test(name)) {
    const story = await explainMessage(name, services);
    if (story !== undefined) {
      await print(
        options.json === true ? JSON.stringify(messageAsJson(story)) : messageAsText(story, options).join('\n'),
      );
      return;
    }
  }
  const destination = asDestination(name, services);
  const progress = new Progress(options, (deliveries) => `${counted(deliveries, 'delivery', 'deliveries')} counted`);
  const known = destination === undefined ? undefined : await explainDestination(destination, services, progress.note);
  progress.clear();
  if (known === undefined) {
    throw new Failure(
      'unavailable',
      `nothing is known of "${name}": no message of this queue has this id (finished messages are kept for 30 days), and no mail has waited for such a destination`,
    );
  }
  await print(
    options.json === true ? JSON.stringify(destinationAsJson(known)) : destinationAsText(known, options).join('\n'),
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
