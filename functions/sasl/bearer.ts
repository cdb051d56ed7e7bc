/**
 * OAUTHBEARER (RFC 7628) and XOAUTH2 (as published by Google and Microsoft): a bearer token.
 *
 * For the security options a token counts as a password in clear, with the properties of PLAIN.
 */

import { areForToken, type Credentials, refuseUnsendable } from './credentials.ts';
import { SaslError } from './errors.ts';
import { followCourse } from './exchange.ts';
import type { Channel, Exchange, Mechanism } from './mechanism.ts';
import { escapeName } from './saslname.ts';

/** The separator of fields. */
const separator = '\x01';

/** OAUTHBEARER. After an error the client sends one separator, so that the server can fail (RFC 7628 section 3.2.3). */
export const oauthBearer = bearerMechanism('OAUTHBEARER', separator, ({ user, secret }, { host, port }) => {
  const identity = user === '' ? '' : `a=${escapeName(user)}`;
  return [`n,${identity},`, `host=${host}`, ...(port === undefined ? [] : [`port=${port}`]), `auth=Bearer ${secret}`];
});

/** XOAUTH2. After an error the client sends an empty response. */
export const xoauth2 = bearerMechanism('XOAUTH2', '', ({ user, secret }) => [`user=${user}`, `auth=Bearer ${secret}`]);

/**
 * @param afterError the response to an error of the server
 * @param fieldsOf   the fields of the only message, in order
 */
function bearerMechanism(
  name: string,
  afterError: string,
  fieldsOf: (credentials: Credentials, channel: Channel) => readonly string[],
): Mechanism {
  return {
    name,
    properties: new Set(['noanonymous']),
    isUsable: areForToken,
    start(credentials, channel) {
      refuseUnsendable(credentials);
      refuseSeparators(credentials);
      const initial = Buffer.from(`${fieldsOf(credentials, channel).join(separator)}${separator}${separator}`);
      return bearerExchange(name, initial, afterError, credentials.secret);
    },
  };
}

function bearerExchange(name: string, initial: Buffer, afterError: string, token: string): Exchange {
  let serverError: string | undefined;
  const noteError = (challenge: Buffer) => {
    serverError = errorWord(challenge, token);
    return Buffer.from(afterError);
  };
  const { respond, verifyServer } = followCourse(name, { initial, steps: [noteError] });
  return {
    initial,
    respond,
    verifyServer,
    get serverError() {
      return serverError;
    },
  };
}

function refuseSeparators({ user, secret }: Credentials): void {
  if (user.includes(separator)) throw new SaslError('the user name contains the octet 1, which separates fields');
  // RFC 6750 section 2.1 allows even fewer characters; these cannot break the message or its header.
  if (!/^[!-~]+$/.test(secret)) throw new SaslError('the token contains a character that a bearer token cannot have');
}

/**
 * Returns the error word of the server: `status` in its JSON, such as invalid_token or 401 (RFC 7628 section 3.2.2), or `error`, as
 * in some servers. The server knows the token, so only a text that looks like an error word is repeated.
 */
function errorWord(challenge: Buffer, token: string): string | undefined {
  const { status, error } = parseObject(challenge);
  const isCode = (word: string) => /^\d{3}$/.test(word);
  const isWord = (word: string) => word.length <= 40 && /^[a-z]+(?:_[a-z]+)*$/.test(word) && !token.includes(word);
  return [status, error].filter((word) => typeof word === 'string').find((word) => isCode(word) || isWord(word));
}

function parseObject(json: Buffer): { readonly status?: unknown; readonly error?: unknown } {
  try {
    const value: unknown = JSON.parse(json.toString());
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    // Not every server sends JSON, and the reply code refuses in any case.
    return {};
  }
}
