/**
 * `lambda-lmtp queue`: lists the queue, with the reason why each recipient waits (mailq, postqueue -p).
 */

import type { Command } from 'commander';
import { type Listed, listQueue } from '../operator/list.ts';
import { wallTime } from '../queue/writes/services.ts';
import { briefHead, listedAsBrief, listedAsJson, listedAsText, listHead } from '../texts/queue-text.ts';
import { terminalColumns } from '../texts/terminal.ts';
import { counted } from '../texts/words.ts';
import { type FilterOptions, readFilter } from './filter-options.ts';
import { guarded, type OperateOptions, openOperation, print } from './operate.ts';
import { Progress } from './progress.ts';
import type { Run } from './run.ts';

/** The options as commander hands them over. */
export interface QueueOptions extends OperateOptions, FilterOptions {
  readonly limit: number;
  readonly oldest?: true;
  readonly brief?: true;
}

/** Lists what is wanted. */
export const queueAction = guarded(list);

async function list(run: Run, ids: readonly string[], options: QueueOptions, command: Command): Promise<void> {
  if (ids.length > 0 && !isAll(options))
    command.error('error: ids cannot be combined with options that select messages');
  const { limit, json, brief, oldest } = options;
  const { services } = await openOperation(options, run);
  const now = wallTime(services);
  const columns = terminalColumns(run.stdout);
  const spec = {
    ...(ids.length === 0 ? {} : { ids }),
    filter: readFilter(options, services, now),
    limit,
    isBrief: brief === true,
    isOldestFirst: oldest === true,
  };
  let pages = 0;
  const progress = new Progress(
    run,
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
    if (json !== true && shown === 0) await print(brief === true ? briefHead(columns) : listHead(columns), run);
    await print(json === true ? JSON.stringify(listedAsJson(one, now)) : text(one, { now, columns }, options), run);
    shown += 1;
  }
  progress.clear();
  if (json === true) return;
  if (shown === 0) await print(isAll(options) && ids.length === 0 ? 'The queue is empty.' : 'No messages match.', run);
  else if (limit > 0 && shown >= limit) await print(`-- ${shown} shown; there may be more (--limit 0 shows all)`, run);
  else await print(`-- ${shown} in total`, run);
}

/** When it is shown, milliseconds since 1970, and in how many columns. */
interface Shown {
  readonly now: number;
  readonly columns: number | undefined;
}

function text(listed: Listed, { now, columns }: Shown, { brief }: QueueOptions): string {
  return brief === true ? listedAsBrief(listed, now, columns) : listedAsText(listed, now, columns).join('\n');
}

function isAll({ destination, sender, recipient, reply, state, older, younger, inDoubt }: FilterOptions): boolean {
  return [destination, sender, recipient, reply, state, older, younger, inDoubt].every(
    (option) => option === undefined,
  );
}
