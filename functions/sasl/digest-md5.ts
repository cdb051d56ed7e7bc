/**
 * DIGEST-MD5 (RFC 2831) with qop=auth and the fields in Postfix's order. It is historic (RFC 6331), but on old servers it is the best
 * mechanism.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { areForPassword, type Credentials, refuseUnsendable } from './credentials.ts';
import { type DigestChallenge, parseDigestChallenge, parseServerProof } from './digest-challenge.ts';
import { SaslError } from './errors.ts';
import { followCourse } from './exchange.ts';
import type { Mechanism } from './mechanism.ts';

/** The mechanism. */
export const digestMd5: Mechanism = {
  name: 'DIGEST-MD5',
  properties: new Set(['noplaintext', 'noanonymous', 'mutual_auth']),
  isUsable: areForPassword,
  start(credentials, { host }, { nonce, service = 'lmtp', requireProof = false } = {}) {
    refuseUnsendable(credentials);
    const cnonce = nonce ?? randomBytes(24).toString('base64');
    let expectedProof = '';
    let isProven = false;
    const respond = (octets: Buffer) => {
      const digest = new Digest(credentials, parseDigestChallenge(octets), { cnonce, host, service });
      expectedProof = digest.serverProof();
      return digest.response();
    };
    const believe = (octets: Buffer) => {
      if (!isEqual(parseServerProof(octets), expectedProof)) {
        throw new SaslError('the server does not know the password (wrong rspauth)');
      }
      isProven = true;
      return Buffer.alloc(0);
    };
    const verifyServer = () => {
      if (requireProof && !isProven)
        throw new SaslError('the server did not prove that it knows the password (rspauth)');
    };
    return followCourse('DIGEST-MD5', { steps: [respond, believe], verifyServer });
  },
};

interface DigestOptions {
  readonly cnonce: string;
  readonly host: string;
  readonly service: string;
}

/** The fields of a response, as Latin-1 text. */
class Digest {
  readonly #fields: Readonly<Record<'username' | 'realm' | 'nonce' | 'cnonce' | 'digest-uri', string>>;
  readonly #isUtf8: boolean;
  /** H(user:realm:password), binary. */
  readonly #secret: Buffer;

  /** @throws SaslError if user or password cannot be encoded as the server requires */
  constructor({ user, secret }: Credentials, challenge: DigestChallenge, { cnonce, host, service }: DigestOptions) {
    const { realms, nonce, allowsUtf8 } = challenge;
    if (!allowsUtf8 && !(isLatin1(user) && isLatin1(secret))) {
      throw new SaslError(
        'the server does not allow UTF-8, and user name or password has characters outside ISO 8859-1',
      );
    }
    const isSamePlace = (realm: string) => realm.toLowerCase() === host.toLowerCase();
    // The realm of a server without realms is its name, as in Cyrus.
    const realm = realms.find(isSamePlace) ?? realms[0] ?? host;
    const username = allowsUtf8 ? Buffer.from(user).toString('latin1') : user;
    this.#fields = { username, realm, nonce, cnonce, 'digest-uri': `${service}/${host}` };
    this.#isUtf8 = allowsUtf8 && ![user, realm, secret].every(isAscii);
    // The digest uses ISO 8859-1 where possible, even with UTF-8, for servers that share their digests with HTTP.
    this.#secret = md5(Buffer.concat([shortest(user), latin1(`:${realm}:`), shortest(secret)]));
  }

  response(): Buffer {
    const { username, realm, nonce, cnonce, 'digest-uri': digestUri } = this.#fields;
    const fields = [
      `username=${quote(username)}`,
      `realm=${quote(realm)}`,
      `nonce=${quote(nonce)}`,
      `cnonce=${quote(cnonce)}`,
      'nc=00000001',
      'qop=auth',
      ...(this.#isUtf8 ? ['charset=utf-8'] : []),
      `digest-uri=${quote(digestUri)}`,
      `response=${this.#digest('AUTHENTICATE')}`,
    ];
    return latin1(fields.join(','));
  }

  /** Returns the proof of a server that knows the password (section 2.1.3). */
  serverProof(): string {
    return this.#digest('');
  }

  // Section 2.1.2.1, without authzid.
  #digest(method: string): string {
    const { nonce, cnonce, 'digest-uri': digestUri } = this.#fields;
    const a1 = md5(Buffer.concat([this.#secret, latin1(`:${nonce}:${cnonce}`)])).toString('hex');
    const a2 = md5(latin1(`${method}:${digestUri}`)).toString('hex');
    return md5(latin1(`${a1}:${nonce}:00000001:${cnonce}:auth:${a2}`)).toString('hex');
  }
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

function isLatin1(text: string): boolean {
  return /^[\0-\xff]*$/.test(text);
}

function latin1(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function shortest(text: string): Buffer {
  return isLatin1(text) ? latin1(text) : Buffer.from(text);
}

function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

function md5(octets: Buffer): Buffer {
  return createHash('md5').update(octets).digest();
}

function isEqual(text: string, expected: string): boolean {
  return text.length === expected.length && timingSafeEqual(latin1(text), latin1(expected));
}
