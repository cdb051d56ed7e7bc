/**
 * Lambda function `showq`: draws the screens of the dashboard. It only reads (Postfix's showq(8) lists the queue).
 *
 * CloudWatch calls it with the permissions of the person at the dashboard, and with the parameters of a widget or a
 * button:
 *
 *     { "screen": "all", "late": "1h", "widgetContext": { ... } }
 *
 * Returns HTML; for `{ "describe": true }` the documentation, in Markdown.
 */

import type { Context } from 'aws-lambda';
import { makeClients } from '../aws/clients.ts';
import { makeLog } from '../aws/function-log.ts';
import { composeDepths, composeServices } from '../composition/compose-operator.ts';
import { composeLive } from '../composition/compose-queue.ts';
import { environmentNames, requireVariable } from '../parameters/environment.ts';
import { RequestError } from '../request/request-error.ts';
import { documentation } from '../screens/documentation.ts';
import { draw } from '../screens/draw.ts';
import { sentence } from '../screens/page.ts';
import { readDrawRequest } from '../screens/request.ts';
import { themed } from '../screens/theme.ts';
import { madeFrom } from '../settings/live-parameters.ts';

const clients = makeClients();
const log = makeLog('showq');
const current = madeFrom(composeLive(clients, process.env, log), (parameters) =>
  composeServices(clients, process.env, log, parameters),
);
const depths = composeDepths(clients, process.env);
const postsuper = requireVariable(process.env, environmentNames.postsuperFunction);

/** Milliseconds reserved for drawing. */
const reserve = 10_000;

/** Draws a screen. */
export async function handler(event: unknown, context: Context): Promise<string> {
  try {
    const request = readDrawRequest(event);
    if (request.kind === 'describe') return documentation;
    const drawn = await draw(request, {
      ...{ services: await current(), depths },
      endpoints: { showq: context.invokedFunctionArn, postsuper },
      mayGoOn: () => context.getRemainingTimeInMillis() > reserve,
    });
    return themed(drawn, event);
  } catch (error) {
    if (error instanceof RequestError) return themed(sentence(`Nothing is shown: ${error.message}`), event);
    throw error;
  }
}
