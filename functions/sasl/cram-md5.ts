/** CRAM-MD5 (RFC 2195): a keyed digest of the server's challenge. */

import { createHmac } from 'node:crypto';
import { areForPassword, refuseUnsendable } from './credentials.ts';
import { SaslError } from './errors.ts';
import { followCourse } from './exchange.ts';
import type { Mechanism } from './mechanism.ts';

/** Octets of the longest challenge accepted, as in Cyrus. */
const longestChallenge = 1024;

/** The mechanism. Any challenge that is not empty is accepted: not every server sends a message id. */
export const cramMd5: Mechanism = {
  name: 'CRAM-MD5',
  properties: new Set(['noplaintext', 'noanonymous']),
  isUsable: areForPassword,
  start(credentials) {
    refuseUnsendable(credentials);
    const { user, secret } = credentials;
    const respond = (challenge: Buffer) => {
      if (challenge.length === 0) throw new SaslError('the CRAM-MD5 challenge is empty');
      if (challenge.length > longestChallenge) {
        throw new SaslError(`the CRAM-MD5 challenge is longer than ${longestChallenge} octets`);
      }
      return Buffer.from(`${user} ${createHmac('md5', secret).update(challenge).digest('hex')}`);
    };
    return followCourse('CRAM-MD5', { steps: [respond] });
  },
};
