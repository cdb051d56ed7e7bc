/**
 * `lambda-lmtp queue`: what is in the queue, with the reason of each recipient (mailq, postqueue -p).
 */

import { Command, InvalidArgumentError, Option } from 'commander';
import { type Listed, listQueue } from '../operator/list.ts';
import { wallTime } from '../queue/writes/services.ts';
import { briefHead, listedAsBrief, listedAsJson, listedAsText, listHead } from '../texts/queue-text.ts';
import { counted } from '../texts/words.ts';
import { type FilterOptions, readFilter, withFilterOptions } from './filter-options.ts';
import { guarded, type OperateOptions, openOperation, print, withOperateOptions } from './operate.ts';
import { Progress } from './progress.ts';

/** The options as commander hands them over. */
export interface QueueOptions extends OperateOptions, FilterOptions {
  readonly limit: number;
  readonly oldest?: true;
  readonly brief?: true;
}

/** Defines the command. */
export function queueCommand(): Command {
  const command = new Command('queue')
    .alias('mailq')
    .argument('[id...]', 'queue ids; without any, whatever the options look for')
    .description('List what is in the queue, with what was said to each recipient last')
    .addOption(new Option('--limit <n>', 'no more than that; 0 = all').default(100).argParser(parseLimit))
    .option('--oldest', 'what arrived first, first: looks through the whole queue')
    .option('--brief', 'one line each, from the index alone: faster and cheaper, with long replies cut');
  return withOperateOptions(withFilterOptions(command)).action(guarded(queueAction));
}

async function queueAction(ids: readonly string[], options: QueueOptions, command: Command): Promise<void> {
  if (ids.length > 0 && !isAll(options)) command.error('error: ids go without the options that look for messages');
  const { limit, json, brief, oldest } = options;
  const { services } = await openOperation(options);
  const now = wallTime(services);
  const wish = {
    ...(ids.length === 0 ? {} : { ids }),
    filter: readFilter(options, services, now),
    limit,
    isBrief: brief === true,
    isOldestFirst: oldest === true,
  };
  let pages = 0;
  const progress = new Progress(
    options,
    (shown) => `${counted(shown, 'delivery', 'deliveries')}, ${counted(pages, 'page')}`,
  );
  let shown = 0;
  const listed = listQueue(wish, services, (cost) => {
    pages = cost.pages;
    progress.note(shown);
  });
  for await (const one of listed) {
    progress.clear();
    if (json !== true && shown === 0) await print(brief === true ? briefHead : listHead);
    await print(json === true ? JSON.stringify(listedAsJson(one, now)) : text(one, now, options));
    shown += 1;
  }
  progress.clear();
  if (json === true) return;
  if (shown === 0) await print(isAll(options) && ids.length === 0 ? 'The queue is empty.' : 'No messages match.');
  else if (limit > 0 && shown >= limit) await print(`-- ${shown} shown; there may be more (--limit 0 shows all)`);
  else await print(`-- ${shown} in all`);
}

function text(listed: Listed, now: number, { brief }: QueueOptions): string {
  return brief === true ? listedAsBrief(listed, now) : listedAsText(listed, now).join('\n');
}

function isAll({ destination, sender, recipient, reply, state, older, younger, inDoubt }: FilterOptions): boolean {
  return [destination, sender, recipient, reply, state, older, younger, inDoubt].every(
    (option) => option === undefined,
  );
}

/** Reads how many are wanted. */
export function parseLimit(value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('a whole number is wanted; 0 = all.');
}
