/**
 * Lambda function `postsuper`: executes the buttons of the dashboard (Postfix's postsuper(1) acts on the queue).
 *
 *     { "action": "hold", "destination": "inet:imap-b.example.net:24", "widgetContext": { ... } }
 *
 * CloudWatch calls it with the permissions of the person at the dashboard, but does not pass an identity. CloudTrail
 * records the call, and the history of a changed item contains the request id. Returns HTML: what was changed, what was
 * not, and why.
 */

import { setTimeout } from 'node:timers/promises';
import type { Context } from 'aws-lambda';
import { makeClients } from '../aws/clients.ts';
import { makeLog } from '../aws/function-log.ts';
import { RemoteCheckError, remoteCheck } from '../aws/remote-check.ts';
import { composeServices } from '../composition/compose-operator.ts';
import { composeLive } from '../composition/compose-queue.ts';
import { environmentNames, requireVariable } from '../parameters/environment.ts';
import { DestinationError } from '../request/destination.ts';
import { RequestError } from '../request/request-error.ts';
import { act } from '../screens/act.ts';
import { sentence } from '../screens/page.ts';
import { readActRequest } from '../screens/request.ts';
import { themed } from '../screens/theme.ts';
import { madeFrom } from '../settings/live-parameters.ts';

const clients = makeClients();
const log = makeLog('postsuper');
const current = madeFrom(composeLive(clients, process.env, log), (parameters) =>
  composeServices(clients, process.env, log, parameters),
);
const checkFunction = requireVariable(process.env, environmentNames.checkFunction);

/** Milliseconds after which no further change begins, because the person waits in front of a pop-up. */
const patience = 20_000;

/** Executes one action. */
export async function handler(event: unknown, context: Context): Promise<string> {
  const begun = performance.now();
  try {
    const told = await act(readActRequest(event), {
      services: await current(),
      by: `dashboard (request ${context.awsRequestId})`,
      check: (destination) => remoteCheck(checkFunction, { destination }),
      pause: setTimeout,
      mayGoOn: () => performance.now() - begun < patience,
    });
    return themed(told, event);
  } catch (error) {
    const isExpected = [RequestError, DestinationError, RemoteCheckError].some((kind) => error instanceof kind);
    if (isExpected) return themed(sentence(`Nothing was changed: ${(error as Error).message}`), event);
    throw error;
  }
}
