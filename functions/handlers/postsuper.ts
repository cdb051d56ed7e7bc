/**
 * Lambda function `postsuper`: does what is asked for with a button of the dashboard (Postfix's postsuper(1) acts on the queue).
 *
 *     { "action": "hold", "destination": "inet:imap-b.example.net:24", "widgetContext": { ... } }
 *
 * CloudWatch calls it in the name of whoever looks at the dashboard, but does not say who that is: CloudTrail has the call, and
 * the history of what is changed has the id of the request. The answer is HTML: what was changed, what was not, and why.
 */

import { setTimeout } from 'node:timers/promises';
import type { Context } from 'aws-lambda';
import { makeClients } from '../aws/clients.ts';
import { makeLog } from '../aws/function-log.ts';
import { RemoteCheckError, remoteCheck } from '../aws/remote-check.ts';
import { composeServices } from '../composition/compose-operator.ts';
import { environmentNames, requireVariable } from '../parameters/environment.ts';
import { DestinationError } from '../request/destination.ts';
import { RequestError } from '../request/request-error.ts';
import { act } from '../screens/act.ts';
import { sentence } from '../screens/page.ts';
import { readActRequest } from '../screens/request.ts';

const services = composeServices(makeClients(), process.env, makeLog('postsuper'));
const checkFunction = requireVariable(process.env, environmentNames.checkFunction);

/** Milliseconds after which no more is begun: whoever pressed the button looks at a pop-up meanwhile. */
const patience = 20_000;

/** Carries out one order. */
export async function handler(event: unknown, context: Context): Promise<string> {
  const begun = performance.now();
  try {
    return await act(readActRequest(event), {
      services,
      by: `dashboard (request ${context.awsRequestId})`,
      check: (destination) => remoteCheck(checkFunction, { destination }),
      pause: setTimeout,
      mayGoOn: () => performance.now() - begun < patience,
    });
  } catch (error) {
    const isExpected = [RequestError, DestinationError, RemoteCheckError].some((kind) => error instanceof kind);
    if (isExpected) return sentence(`Nothing was changed: ${(error as Error).message}`);
    throw error;
  }
}
