/**
 * AUTH: the dialogue of a SASL exchange (RFC 4954 section 4).
 */

import { decodeBase64 } from '../sasl/base64.ts';
import { SaslError } from '../sasl/errors.ts';
import type { Exchange } from '../sasl/mechanism.ts';
import { isIntermediate, isPositive, type Reply } from '../smtp/reply.ts';
import { type Dialogue, Interrupted, receive, send } from './dialogue.ts';

/** How an exchange ended, if the connection held. */
export type Authenticated =
  | { readonly kind: 'accepted'; readonly reply: Reply }
  /** The server refuses, after a number of `challenges`. `word`: its error word, in addition to the reply. */
  | { readonly kind: 'refused'; readonly reply: Reply; readonly challenges: number; readonly word?: string }
  /** The client cancelled the exchange because a challenge is invalid; or it does not trust the 2xx in `reply`. */
  | { readonly kind: 'failed'; readonly error: SaslError; readonly reply?: Reply };

/** The most challenges answered (smtp_sasl_glue.c). */
const mostChallenges = 100;

/** Octets of an AUTH command with its initial response; a longer response waits for the first challenge (Postfix). */
const longestCommand = 512;

/** Authenticates with one mechanism. */
export function* authenticate(mechanism: string, exchange: Exchange): Dialogue<Authenticated> {
  const initial = exchange.initial === undefined ? undefined : encode(exchange.initial) || '=';
  const fits = initial !== undefined && mechanism.length + initial.length + 8 <= longestCommand;
  yield* fits ? send(`AUTH ${mechanism} ${initial}`, initial === '=' ? '' : initial) : send(`AUTH ${mechanism}`);
  let held = fits ? undefined : initial;
  for (let challenges = 0; challenges <= mostChallenges; challenges += 1) {
    const reply = yield* receive('AUTH');
    if (isPositive(reply)) return accepted(reply, exchange);
    if (!isIntermediate(reply)) return refused(reply, challenges, exchange);
    if (challenges === mostChallenges) break;
    try {
      const challenge = decode(reply);
      const response = held ?? encode(exchange.respond(challenge));
      if (held !== undefined && challenge.length > 0)
        throw new SaslError('the server sent a challenge before the initial response');
      held = undefined;
      yield* send(response, response);
    } catch (error) {
      if (!(error instanceof SaslError)) throw error;
      return yield* cancel(error);
    }
  }
  return yield* cancel(new SaslError(`more than ${mostChallenges} challenges`));
}

/** A 2xx counts only if the server has proved its identity, where the mechanism requires that. */
function accepted(reply: Reply, exchange: Exchange): Authenticated {
  try {
    exchange.verifyServer();
    return { kind: 'accepted', reply };
  } catch (error) {
    if (!(error instanceof SaslError)) throw error;
    return { kind: 'failed', error, reply };
  }
}

function refused(reply: Reply, challenges: number, { serverError }: Exchange): Authenticated {
  return { kind: 'refused', reply, challenges, ...(serverError === undefined ? {} : { word: serverError }) };
}

/** Cancels the exchange (RFC 4954: a line with a single asterisk). The reply does not matter. */
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

/** Returns the octets of a challenge. @throws SaslError if it is not base64 */
function decode({ lines }: Reply): Buffer {
  const text = (lines.at(-1) ?? '').slice(4).trim();
  const octets = decodeBase64(text);
  if (octets === undefined) throw new SaslError('the challenge is not base64');
  return octets;
}
