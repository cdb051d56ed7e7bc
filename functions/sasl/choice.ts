/** The choice of a mechanism among those that a server offers. */

import { anonymous } from './anonymous.ts';
import { oauthBearer, xoauth2 } from './bearer.ts';
import { cramMd5 } from './cram-md5.ts';
import type { Credentials } from './credentials.ts';
import { digestMd5 } from './digest-md5.ts';
import { external } from './external.ts';
import { login } from './login.ts';
import type { Channel, Mechanism } from './mechanism.ts';
import { plain } from './plain.ts';
import { scram, scramPlus } from './scram.ts';
import type { SecurityOption } from './security-options.ts';

/** Every mechanism, best first. The credentials of EXTERNAL and of the mechanisms for tokens fit no other mechanism. */
export const mechanisms: readonly Mechanism[] = [
  external,
  oauthBearer,
  xoauth2,
  ...scramPlus,
  ...scram,
  digestMd5,
  cramMd5,
  plain,
  login,
  anonymous,
];

/**
 * Returns the best mechanism that is offered, has every required property, and fits the credentials and the channel. The
 * order of the server does not count, as in Cyrus: a server cannot get a password by listing PLAIN first.
 *
 * @param offered  in upper case, without those that a filter removes
 * @param required the properties that the mechanism must have; empty = any mechanism
 * @returns undefined if no mechanism can be used
 */
export function chooseMechanism(
  offered: readonly string[],
  required: ReadonlySet<SecurityOption>,
  credentials: Credentials,
  channel: Channel,
): Mechanism | undefined {
  const isUsable = (name: string) => objectionTo(name, required, credentials, channel) === undefined;
  return mechanisms.find(({ name }) => offered.includes(name) && isUsable(name));
}

/** Why a mechanism cannot be used; a list has the required properties that it lacks. */
export type Objection = 'not implemented' | 'does not fit the credentials' | readonly SecurityOption[];

/** Returns the objection to a mechanism; `undefined` if it can be used. */
export function objectionTo(
  name: string,
  required: ReadonlySet<SecurityOption>,
  credentials: Credentials,
  channel: Channel,
): Objection | undefined {
  const mechanism = mechanisms.find((known) => known.name === name);
  if (mechanism === undefined) return 'not implemented';
  if (!mechanism.isUsable(credentials, channel)) return 'does not fit the credentials';
  const lacking = [...required.difference(mechanism.properties)];
  return lacking.length === 0 ? undefined : lacking;
}
