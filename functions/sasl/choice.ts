/** Which mechanism is used, of those that a server offers. */

import { anonymous } from './anonymous.ts';
import { oauthBearer, xoauth2 } from './bearer.ts';
import { cramMd5 } from './cram-md5.ts';
import { digestMd5 } from './digest-md5.ts';
import { external } from './external.ts';
import { login } from './login.ts';
import type { Channel, Credentials, Mechanism } from './mechanism.ts';
import { plain } from './plain.ts';
import { scram, scramPlus } from './scram.ts';
import type { SecurityOption } from './security-options.ts';

/** All there are, best first. EXTERNAL and the mechanisms for tokens compete with no other: their credentials fit no other. */
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
 * Chooses the best mechanism that is offered, has every required property, and fits the credentials and the channel. The
 * server's order says nothing, as in Cyrus: a server that lists PLAIN first does not get a password for it.
 *
 * @param offered  in upper case, without those that a filter took out
 * @param required what it must withstand; empty = anything goes
 * @returns undefined if none of them will do
 */
export function chooseMechanism(
  offered: readonly string[],
  required: ReadonlySet<SecurityOption>,
  credentials: Credentials,
  channel: Channel,
): Mechanism | undefined {
  return mechanisms.find(
    (mechanism) =>
      offered.includes(mechanism.name) &&
      required.isSubsetOf(mechanism.properties) &&
      mechanism.isUsable(credentials, channel),
  );
}
