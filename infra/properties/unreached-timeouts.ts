/** Time-outs of the LMTP dialogue that are longer than the lmtp function may wait. */
import { stageTimeouts, type TimeoutParameters } from '../../functions/delivery/stage-timeouts.ts';
import { reserveOf } from '../../functions/queue/items/policy.ts';
import { silenceThatCounts } from '../../functions/session/limit.ts';

/** The parameters that are time-outs, in the order of a dialogue. */
const timeoutNames = [
  'lmtp_connect_timeout',
  'lmtp_lhlo_timeout',
  'lmtp_starttls_timeout',
  'lmtp_mail_timeout',
  'lmtp_rcpt_timeout',
  'lmtp_data_init_timeout',
  'lmtp_data_xfer_timeout',
  'lmtp_data_done_timeout',
  'lmtp_data_done_next_timeout',
  'lmtp_rset_timeout',
  'lmtp_quit_timeout',
] as const satisfies readonly (keyof TimeoutParameters)[];

/** Time-outs of stages whose waits are cut to the shortest silence that counts as a time-out (TimeLimits). */
const cutNames: ReadonlySet<string> = new Set(['lmtp_connect_timeout', 'lmtp_starttls_timeout']);

/** The longest function timeout of Lambda, in milliseconds. */
const longestFunction = 900_000;

/**
 * Returns the note at synth about all time-outs that are longer than the function timeout; undefined if there is none.
 *
 * @param functionTimeout milliseconds
 */
export function unreachedTimeouts(functionTimeout: number, parameters: TimeoutParameters): string | undefined {
  const most = functionTimeout - reserveOf(functionTimeout);
  const unreached = timeoutNames.filter((name) => isLonger(name, most, parameters));
  if (unreached.length === 0) return undefined;
  const named = unreached.map((name) => `${name} (${written(parameters[name])})`).join(', ');
  const silence = seconds(silenceThatCounts('greeting', functionTimeout));
  const cut = unreached.some((name) => cutNames.has(name));
  return [
    `functionTimeout: ${seconds(functionTimeout)} ends before these time-outs do: ${named}.`,
    `The lmtp function waits for a server for at most ${seconds(most)}; it needs the rest of its time to write the results.`,
    `A wait that lasts until then counts as a failure of the destination if the server was silent ` +
      `for at least ${silence} (after the final dot: ${seconds(silenceThatCounts('dot', functionTimeout))}).`,
    'A shorter silence does not. In both cases the recipients are deferred, and no mail is lost.',
    ...(cut ? [`Connecting, STARTTLS and the TLS handshake end after ${silence}.`] : []),
    `To make the time-outs effective, ${remedies(unreached, most, parameters)}.`,
  ].join(' ');
}

type TimeoutName = (typeof timeoutNames)[number];

function isLonger(name: TimeoutName, most: number, parameters: TimeoutParameters): boolean {
  // Unused unless it is shorter than the time-out of the first final reply.
  if (name === 'lmtp_data_done_next_timeout') {
    const timeouts = stageTimeouts(parameters);
    return timeouts['next dot'] < timeouts.dot && timeouts['next dot'] > most;
  }
  return parameters[name] === 0 || parameters[name] > most;
}

function remedies(unreached: readonly TimeoutName[], most: number, parameters: TimeoutParameters): string {
  const lower = `set ${unreached.length === 1 ? unreached[0] : 'each of these parameters'} to at most ${seconds(most)}`;
  const values = unreached.map((name) => parameters[name]);
  const needed = shortestFunction(Math.max(...values));
  if (values.includes(0) || needed > longestFunction) return lower;
  return `${lower}, or functionTimeout to at least ${seconds(needed)}`;
}

/** The shortest function timeout, in whole seconds, that leaves `waits` milliseconds beside the reserve. In milliseconds. */
function shortestFunction(waits: number): number {
  let whole = Math.ceil(waits / 1000) * 1000;
  while (whole - reserveOf(whole) < waits) whole += 1000;
  return whole;
}

function written(milliseconds: number): string {
  return milliseconds === 0 ? '0: no limit' : seconds(milliseconds);
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 100) / 10} s`;
}
