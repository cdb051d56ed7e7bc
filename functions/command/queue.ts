/**
 * `lambda-lmtp queue`: lists the queue, with the reason why each recipient waits (mailq, postqueue -p).
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
    .argument('[id...]', 'queue ids (default: all mail that the options select)')
    .description('List the queue, with the last reply to each recipient')
    .addOption(new Option('--limit <n>', 'list at most this many; 0 = all').default(100).argParser(parseLimit))
    .option('--oldest', 'the oldest mail first; reads the index of the whole queue')
    .option(
      '--brief',
      'one line for each delivery, from the index alone: faster and cheaper, but long replies are cut',
    );
  return withOperateOptions(withFilterOptions(command)).action(guarded(queueAction));
}

async function queueAction(ids: readonly string[], options: QueueOptions, command: Command): Promise<void> {
  if (ids.length > 0 && !isAll(options))
    command.error('error: ids cannot be combined with options that select messages');
  const { limit, json, brief, oldest } = options;
  const { services } = await openOperation(options);
  const now = wallTime(services);
  const spec = {
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
  const listed = listQueue(spec, services, (cost) => {
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
  else await print(`-- ${shown} in total`);
}

function text(listed: Listed, now: number, { brief }: QueueOptions): string {
  return brief === true ? listedAsBrief(listed, now) : listedAsText(listed, now).join('\n');
}

function isAll({ destination, sender, recipient, reply, state, older, younger, inDoubt }: FilterOptions): boolean {
  return [destination, sender, recipient, reply, state, older, younger, inDoubt].every(
    (option) => option === undefined,
  );
}

/** Parses a limit. */
export function parseLimit(value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('Expected a whole number; 0 = all.');
}
