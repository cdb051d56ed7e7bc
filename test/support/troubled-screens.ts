/**
 * The screens over a queue in memory that has every trouble: what is measured of them costs no stack.
 */
import type { CheckReport } from '../../functions/check/report.ts';
import { emptyRecord } from '../../functions/queue/items/destination-record.ts';
import type { LastVerdict } from '../../functions/queue/items/item.ts';
import { RequestError } from '../../functions/request/request-error.ts';
import { act } from '../../functions/screens/act.ts';
import { draw } from '../../functions/screens/draw.ts';
import { sentence } from '../../functions/screens/page.ts';
import { readActRequest, readDrawRequest } from '../../functions/screens/request.ts';
import { themed } from '../../functions/screens/theme.ts';
import type { LocalEndpoint } from '../../infra/local/calls/local-endpoint.ts';
import { type ScreenFunction, serveScreens } from '../../infra/local/screens.ts';
import { type CapturingOperatorServices, operatorServices, putItems } from './operator-services.ts';

const minute = 60_000;

/** Destinations of the queue: one that refuses connections, one with full mailboxes, one in doubt, one that is held. */
export const troubled = {
  dead: 'inet:imap-b.example.net:24',
  full: 'inet:imap-a.example.net:24',
  doubt: 'inet:lists.example.org:8024',
  held: 'inet:archive.example.net:24',
} as const;

/** Serves the screens on a free loopback port. */
export async function serveTroubledScreens(): Promise<LocalEndpoint> {
  const services = operatorServices();
  await fill(services);
  const [endpoints, mayGoOn] = [{ showq: 'showq', postsuper: 'postsuper' }, () => true];
  const dead = { name: 'incoming dead letters', kind: 'dead letters', messages: 1 } as const;
  const depths = { read: async () => ({ depths: [dead], unreachable: [] }) };
  const check = async (destination: string): Promise<CheckReport> => ({
    ...{ destination, checked: '2026-11-22T00:00:00Z', outcome: 'well' },
    hops: [{ hop: destination, servers: [] }],
  });
  return await serveScreens({
    showq: answering('showq', async (event) => {
      const request = readDrawRequest(event);
      return request.kind === 'describe' ? '' : await draw(request, { services, depths, endpoints, mayGoOn });
    }),
    postsuper: answering('postsuper', async (event) => {
      const by = 'dashboard (request 42)';
      return await act(readActRequest(event), { services, check, by, mayGoOn, pause: async () => {} });
    }),
  });
}

function answering(name: string, invoke: (event: unknown) => Promise<string>): ScreenFunction {
  return {
    name,
    invoke: async (event) => {
      try {
        return { kind: 'returned', value: themed(await invoke(event), event) };
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        return { kind: 'returned', value: sentence(`Nothing is shown: ${error.message}`) };
      }
    },
  };
}

/** What was said to the one recipient of a message. */
function told(n: number, dsn: LastVerdict['dsn'], text: string, now: number, inDoubt?: true) {
  const address = `user${n}@example.com`;
  const last = { status: 'deferred', dsn, text: text.replace('USER', address), at: now - minute, attempt: 3 } as const;
  return { recipients: [{ address, n: 0, last: inDoubt === undefined ? last : { ...last, inDoubt } }], attempt: 3 };
}

async function fill(services: CapturingOperatorServices): Promise<void> {
  const now = services.clock.wall;
  const since = now - 62 * minute;
  const working = { size: 20, failedCohorts: 0, failure: 0, failures: 0, at: now, succeededAt: now - 9000 };
  const refused = 'connect to imap-b.example.net[10.0.4.22]:24: Connection refused';
  const suspension = { since, until: now + 4 * minute, why: refused, dsn: '4.4.1', failures: 57 } as const;
  const hold = { id: 'INC-4711', reason: 'new disks', by: 'ops/ann', since, until: now + 100 * minute };
  for (const record of [
    { ...emptyRecord(troubled.dead), suspension },
    { ...emptyRecord(troubled.full), window: working },
    { ...emptyRecord(troubled.held), window: working, holds: [hold] },
  ]) {
    await services.destinations.write(record);
  }
  const waits = { state: 'deferred', due: now + 5 * minute } as const;
  const quota =
    'host imap-a.example.net[10.0.4.21]:24 said: 452 4.2.2 <USER> Quota exceeded (mailbox for user is full)';
  const lost =
    'lost connection with lists.example.org[10.0.9.5] while sending end of data -- message may be sent more than once';
  const many = Array.from({ length: 40 }, (_, n) => ({ n, arrival: now - n * 2 * minute }));
  await putItems(
    services,
    ...many.map(({ n, arrival }) => ({
      ...{ ...waits, id: `4bJ9dead${n}`, destination: troubled.dead, arrival },
      ...told(n, '4.4.1', refused, now),
    })),
    ...[3, 900].map((age, n) => ({
      ...{ ...waits, id: `4bJ9full${n}`, destination: troubled.full, arrival: now - age * minute },
      ...told(n, '4.2.2', quota, now),
    })),
    {
      ...{ ...waits, id: '4bJ9doubt', destination: troubled.doubt, arrival: now - 20 * minute },
      ...told(7, '4.4.2', lost, now, true),
    },
    { id: '4bJ9held', state: 'held', destination: troubled.held, arrival: now - 30 * minute },
    { id: '4bJ9gone', state: 'corrupt', destination: troubled.full, reason: 'body: no such key in/4bJ9gone.eml' },
  );
  const reason = 'recipient: is not allowed; did you mean recipients?';
  await services.corruptRequests.file({ id: 'c0ffee', requestId: 'malformed', reason, body: '{}', sent: now - minute });
}
