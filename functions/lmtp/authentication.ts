/**
 * AUTH: the lines of an exchange between a SASL mechanism and the server (RFC 4954 section 4).
 */

import { decodeBase64 } from '../sasl/base64.ts';
import { type Exchange, SaslError } from '../sasl/mechanism.ts';
import { isIntermediate, isPositive, type Reply } from '../smtp/reply.ts';
import { type Dialogue, Interrupted, receive, send } from './dialogue.ts';

/** How an exchange ended, unless the connection did. */
export type Authenticated =
  | { readonly kind: 'accepted'; readonly reply: Reply }
  /** The server says no; `challenges` counts what it asked before. `word`: its own reason, beside the reply. */
  | { readonly kind: 'refused'; readonly reply: Reply; readonly challenges: number; readonly word?: string }
  /** A challenge cannot be answered, and the exchange was cancelled; or the yes in `reply` is not believed. */
  | { readonly kind: 'failed'; readonly error: SaslError; readonly reply?: Reply };

/** Challenges that are answered; a server that asks more is not going to be content (smtp_sasl_glue.c). */
const mostChallenges = 100;

/** Octets of an AUTH command with its initial response; beyond, the response waits for the first challenge (Postfix). */
const longestCommand = 512;

/** Authenticates by one mechanism. */
export function* authenticate(mechanism: string, exchange: Exchange): Dialogue<Authenticated> {
  const initial = exchange.initial === undefined ? undefined : encode(exchange.initial) || '=';
  const fits = initial !== undefined && mechanism.length + initial.length + 8 <= longestCommand;
  yield* fits ? send(`AUTH ${mechanism} ${initial}`, initial === '=' ? '' : initial) : send(`AUTH ${mechanism}`);
  let held = fits ? undefined : initial;
  for (let challenges = 0; challenges <= mostChallenges; challenges += 1) {
    const reply = yield* receive('AUTH');
    if (isPositive(reply)) return conclude(reply, exchange);
    if (!isIntermediate(reply)) return refused(reply, challenges, exchange);
    if (challenges === mostChallenges) break;
    try {
      const challenge = decode(reply);
      const response = held ?? encode(exchange.respond(challenge));
      if (held !== undefined && challenge.length > 0) throw new SaslError('the server asked before it was its turn');
      held = undefined;
      yield* send(response, response);
    } catch (error) {
      if (!(error instanceof SaslError)) throw error;
      return yield* cancel(error);
    }
  }
  return yield* cancel(new SaslError(`more than ${mostChallenges} challenges`));
}

/** A 2xx counts only if the server has shown, where the mechanism asks for it, that it knows the password too. */
function conclude(reply: Reply, exchange: Exchange): Authenticated {
  try {
    exchange.conclude();
    return { kind: 'accepted', reply };
  } catch (error) {
    if (!(error instanceof SaslError)) throw error;
    return { kind: 'failed', error, reply };
  }
}

function refused(reply: Reply, challenges: number, { serverError }: Exchange): Authenticated {
  return { kind: 'refused', reply, challenges, ...(serverError === undefined ? {} : { word: serverError }) };
}

/** Leaves the exchange (RFC 4954: a line with a single asterisk). What becomes of that changes nothing. */
function* cancel(error: SaslError): Dialogue<Authenticated> {
  try {
    yield* send('*');
    yield* receive('AUTH');
  } catch (interruption) {
    if (!(interruption instanceof Interrupted)) throw interruption;
  }
  return { kind: 'failed', error };
}

function encode(octets: Buffer): string {
  return octets.toString('base64');
}

/** The octets of a challenge. What is no base64 is no challenge. */
function decode({ lines }: Reply): Buffer {
  const text = (lines.at(-1) ?? '').slice(4).trim();
  const octets = decodeBase64(text);
  if (octets === undefined) throw new SaslError('the challenge is not base64');
  return octets;
}
