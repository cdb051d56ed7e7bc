/**
 * From a request to HTML: reads as much as is needed, and no more than there is time for, and has it drawn.
 */

import { BoundedQueries, type Bounds } from '../operator/bounded-queries.ts';
import { isFor, sentenceOf } from '../operator/causes.ts';
import { explainDestination, explainMessage } from '../operator/explain.ts';
import { type Listed, listQueue } from '../operator/list.ts';
import type { OperatorServices } from '../operator/operator.ts';
import type { QueueDepths } from '../operator/ports.ts';
import { survey } from '../operator/survey.ts';
import type { QueueFilter } from '../queue/items/queue-entry.ts';
import { wallTime } from '../queue/writes/services.ts';
import { destinationAsText, messageAsText } from '../texts/explain-text.ts';
import { inWords } from '../texts/words.ts';
import { destinationLink, type Endpoints, messageLink } from './action.ts';
import { withNames } from './html.ts';
import { mailList } from './mail-list.ts';
import { framed, lines, page, sentence } from './page.ts';
import type { DrawRequest, ListRequest } from './request.ts';

/** What drawing works with. */
export interface Drawing {
  readonly services: OperatorServices;
  readonly depths: QueueDepths;
  readonly endpoints: Endpoints;
  /** Whether there is time to read more. */
  readonly mayGoOn: () => boolean;
}

/** Read request units that one look at the queue may take: about 400,000 deliveries that wait. */
const mostUnits = 20_000;

/** Deliveries of a list that are shown. */
const mostListed = 50;

/** Draws what is wanted. */
export async function draw(request: Exclude<DrawRequest, { kind: 'describe' }>, drawing: Drawing): Promise<string> {
  const { services, depths, endpoints, mayGoOn } = drawing;
  const bounds: Bounds = { units: mostUnits, mayGoOn };
  switch (request.kind) {
    case 'screens': {
      const found = await survey({ lateAfter: request.lateAfter, bounds }, services, depths);
      return page(request.names, found, endpoints);
    }
    case 'list':
      return await list(request.wish, drawing, bounds);
    case 'explain':
      return request.what === 'message'
        ? await explainId(request.name, drawing)
        : await explain(request.name, drawing, bounds);
    default:
      return request satisfies never;
  }
}

async function list(wish: ListRequest, { services, endpoints }: Drawing, bounds: Bounds): Promise<string> {
  const now = wallTime(services);
  const isWanted = wish.cause === undefined ? undefined : isFor(wish.cause);
  const queries = new BoundedQueries(services.queries, bounds, isWanted);
  const listWish = { filter: filterOf(wish, now), limit: mostListed, isBrief: true, isOldestFirst: true };
  const { ledger, corruptRequests } = services;
  const listed: Listed[] = [];
  for await (const one of listQueue(listWish, { queries, ledger, corruptRequests })) {
    if (wish.cause === undefined || one.kind === 'delivery') listed.push(one);
  }
  const requests = listed.filter(({ kind }) => kind === 'request').length;
  const entries = listed.flatMap((one) => (one.kind === 'delivery' ? [one.entry] : []));
  const title = titleOf({ ...wish, ...(wish.cause === undefined ? {} : { cause: sentenceOf(wish.cause, entries) }) });
  const { isCut } = queries;
  return framed(mailList({ title, listed, matching: queries.entries + requests, isCut, now, endpoints }));
}

/** Ages are those of the columns: as old as one, and younger than the next. */
function filterOf({ destination, state, inDoubt, cause, from, to }: ListRequest, now: number): QueueFilter {
  const states = state === undefined ? (['queued', 'active', 'delivering', 'deferred', 'held'] as const) : [state];
  return {
    // Recipients may be in doubt in any state; only waiting mail has replies.
    states: cause === undefined ? states : ['queued', 'deferred', 'held'],
    ...(destination === undefined ? {} : { destination }),
    ...(inDoubt === true ? { inDoubt } : {}),
    ...(from === undefined ? {} : { arrivedBy: now - from * 60_000 }),
    ...(to === undefined ? {} : { arrivedFrom: now - to * 60_000 + 1 }),
  };
}

function titleOf({ destination, state, inDoubt, cause, from, to }: ListRequest): string {
  const words = [
    inDoubt === true ? 'Mail with recipients in doubt' : `Mail${state === undefined ? '' : ` that is ${state}`}`,
    ...(destination === undefined ? [] : [`for ${destination}`]),
    ...(cause === undefined ? [] : [`with the reply "${cause}"`]),
    ...(from === undefined ? [] : [`waiting for ${inWords(from * 60_000)} or longer`]),
    ...(to === undefined ? [] : [`${from === undefined ? 'waiting ' : 'and '}for less than ${inWords(to * 60_000)}`]),
  ];
  return words.join(' ');
}

/** The story of a message; its destinations can be pressed. */
async function explainId(id: string, { services, endpoints }: Drawing): Promise<string> {
  const story = await explainMessage(id, services);
  if (story === undefined) {
    return sentence(`Nothing is known of ${id}: no message has this id (finished messages are kept for 30 days).`);
  }
  const links = (line: string) =>
    withNames(line, story.destinations.keys(), (name) => destinationLink(name, endpoints));
  return lines(`The story of ${id}`, messageAsText(story).map(links));
}

async function explain(destination: string, { services, endpoints }: Drawing, bounds: Bounds): Promise<string> {
  const queries = new BoundedQueries(services.queries, bounds);
  const story = await explainDestination(destination, { ...services, queries });
  if (story === undefined) return sentence(`Nothing is known of ${destination}: no mail ever waited for it.`);
  const cut = queries.isCut ? ['Reading stopped after a while: there is more.'] : [];
  const oldest = story.oldest === undefined ? [] : [story.oldest.id];
  const links = (line: string) => withNames(line, oldest, (id) => messageLink(id, id, endpoints));
  return lines(`What is known of ${destination}`, [...destinationAsText(story).map(links), ...cut]);
}
