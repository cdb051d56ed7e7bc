/**
 * The server's side of SCRAM (RFC 5802), line by line as it goes over LMTP, so that a scripted server can put it in its
 * AUTH exchange. It is written from the RFC and shares nothing with the client that it tests: it even computes its own
 * iterations.
 *
 *     const server = new ScramServer({ mechanism: 'SCRAM-SHA-256' });
 *     server.answer('AUTH SCRAM-SHA-256 biwsbj11c2VyLHI9...'); // '334 cj0...'
 *     server.answer('Yz1iaXdz...');                              // '334 dj0...', or an error
 *     server.answer('');                                         // '235 2.7.0 Authentication successful'
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';

/** Faults of a server that no client should trust. */
export type ScramLie =
  /** It does not know the password, and signs with another. */
  | 'wrong-signature'
  /** It accepts without a signature. */
  | 'no-signature'
  /** Its nonce does not begin with the client's. */
  | 'other-nonce'
  /** Its nonce is the client's, and nothing more. */
  | 'same-nonce'
  /** It repeats its first message. */
  | 'endless-first'
  /** After its signature it sends more challenges. */
  | 'endless-empty';

export interface ScramServerOptions {
  /** The one mechanism that is served, such as SCRAM-SHA-256-PLUS. */
  readonly mechanism: string;
  /** Default: `user`. */
  readonly user?: string;
  /** As stored, that is, prepared. Default: `pencil`. */
  readonly password?: string;
  readonly salt?: Buffer;
  /** As sent to the client. Default: 4096. */
  readonly iterations?: number | string;
  /** The server's part of the nonce. */
  readonly nonce?: string;
  /** What follows the iteration count, such as `,x=y`. */
  readonly extensions?: string;
  /**
   * The server's bindings of its end of the connection; with any, a client that says it saw no -PLUS form is
   * refused.
   */
  readonly bindings?: Readonly<Record<string, Buffer>>;
  /** Whether it sends a reason (`e=`) before it refuses. Default: yes. */
  readonly tellsErrors?: boolean;
  readonly lie?: ScramLie;
}

const accepted = '235 2.7.0 Authentication successful';
const refused = '535 5.7.8 Authentication credentials invalid';
const malformed = '501 5.5.2 Cannot read that';

/** One exchange with one client. */
export class ScramServer {
  readonly #lines: Generator<string, string, string>;
  /** Whether the client proved that it knows the password. */
  isClientProven = false;

  constructor(options: ScramServerOptions) {
    this.#lines = this.#converse(options);
    this.#lines.next();
  }

  /** Handles a line of the client, without its line end, and returns the reply. */
  answer(line: string): string {
    const { value } = this.#lines.next(line);
    return value ?? '503 5.5.1 The exchange is over';
  }

  *#converse(options: ScramServerOptions): Generator<string, string, string> {
    const { mechanism, user = 'user', tellsErrors = true, bindings = {}, lie } = options;
    const [verb, asked, initial] = (yield '').split(' ');
    if (verb?.toUpperCase() !== 'AUTH' || asked?.toUpperCase() !== mechanism) return '504 5.5.4 Unrecognized mechanism';

    const clientFirst = parseClientFirst(decode(initial ?? (yield '334 ')));
    if (clientFirst === undefined) return malformed;
    const { header, flag, bindingType, bare, clientNonce } = clientFirst;
    const isPlus = mechanism.endsWith('-PLUS');
    const early =
      headerError(flag, bindingType, isPlus, bindings) ?? (clientFirst.user === user ? undefined : 'unknown-user');

    const nonce = serverNonce(clientNonce, options);
    const { salt = randomBytes(16), iterations = 4096, extensions = '' } = options;
    const serverFirst = `r=${nonce},s=${salt.toString('base64')},i=${iterations}${extensions}`;
    let line = yield challenge(early === undefined || !tellsErrors ? serverFirst : `e=${early}`);
    if (early !== undefined) return refused;
    while (lie === 'endless-first') line = yield challenge(serverFirst);

    const final = parseClientFinal(decode(line));
    if (final === undefined) return malformed;
    const bound = Buffer.concat([Buffer.from(header), bindings[bindingType] ?? Buffer.alloc(0)]);
    const keys = deriveKeys({ ...options, salt });
    const authMessage = `${bare},${serverFirst},${final.withoutProof}`;
    const error = finalError(final, bound, nonce, provesKey(keys, authMessage, final.proof));
    if (error !== undefined) {
      if (tellsErrors) yield challenge(`e=${error}`);
      return refused;
    }
    this.isClientProven = true;
    if (lie === 'no-signature') return accepted;
    const signer = lie === 'wrong-signature' ? deriveKeys({ ...options, salt, password: 'another' }) : keys;
    yield challenge(`v=${signer.sign(signer.serverKey, authMessage).toString('base64')}`);
    while (lie === 'endless-empty') yield '334 ';
    return accepted;
  }
}

function decode(line: string): string {
  return Buffer.from(line, 'base64').toString();
}

function challenge(message: string): string {
  return `334 ${Buffer.from(message).toString('base64')}`;
}

function serverNonce(
  clientNonce: string,
  { nonce = randomBytes(18).toString('base64'), lie }: ScramServerOptions,
): string {
  if (lie === 'same-nonce') return clientNonce;
  return lie === 'other-nonce' ? `${nonce}${clientNonce}` : `${clientNonce}${nonce}`;
}

// Section 7: gs2-header, then client-first-message-bare without reserved extensions.
function parseClientFirst(message: string) {
  const match = /^((n|y|p)(?:=([A-Za-z0-9.-]+))?,,)(n=((?:[^,=\0]|=2C|=3D)+),r=([!-+\--~]+))$/.exec(message);
  if (match === null) return undefined;
  const [, header = '', flag = '', bindingType = '', bare = '', name = '', clientNonce = ''] = match;
  return { header, flag, bindingType, bare, user: name.replaceAll('=2C', ',').replaceAll('=3D', '='), clientNonce };
}

function parseClientFinal(message: string) {
  const match = /^(c=([A-Za-z0-9+/=]+),r=([!-+\--~]+)),p=([A-Za-z0-9+/=]+)$/.exec(message);
  if (match === null) return undefined;
  const [, withoutProof = '', binding = '', nonce = '', proof = ''] = match;
  return { withoutProof, binding: Buffer.from(binding, 'base64'), nonce, proof: Buffer.from(proof, 'base64') };
}

// Section 6: the allowed headers, given the server's offers.
function headerError(flag: string, type: string, isPlus: boolean, bindings: Readonly<Record<string, Buffer>>) {
  if (isPlus !== (flag === 'p')) return isPlus ? 'other-error' : 'channel-binding-not-supported';
  if (flag === 'p' && bindings[type] === undefined) return 'unsupported-channel-binding-type';
  return flag === 'y' && Object.keys(bindings).length > 0 ? 'server-does-support-channel-binding' : undefined;
}

function finalError(
  final: { readonly binding: Buffer; readonly nonce: string },
  bound: Buffer,
  nonce: string,
  isProven: boolean,
): string | undefined {
  if (!final.binding.equals(bound)) return 'channel-bindings-dont-match';
  return final.nonce === nonce && isProven ? undefined : 'invalid-proof';
}

interface StoredKeys {
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
  hash(octets: Buffer): Buffer;
  sign(key: Buffer, text: string): Buffer;
}

// Section 3. Hi() is spelled out, so that the client's own PBKDF2 is not compared with itself.
function deriveKeys({ mechanism, password = 'pencil', salt = Buffer.alloc(0), iterations = 4096 }: ScramServerOptions) {
  const algorithm = mechanism
    .replace(/^SCRAM-|-PLUS$/g, '')
    .replace('-', '')
    .toLowerCase();
  const hmac = (key: Buffer, octets: Buffer) => createHmac(algorithm, key).update(octets).digest();
  let round = hmac(Buffer.from(password), Buffer.concat([salt, Buffer.from([0, 0, 0, 1])]));
  const salted = Buffer.from(round);
  for (let i = 1; i < Number(iterations); i += 1) {
    round = hmac(Buffer.from(password), round);
    for (const [at, octet] of round.entries()) salted[at] = (salted[at] ?? 0) ^ octet;
  }
  const hash = (octets: Buffer) => createHash(algorithm).update(octets).digest();
  const sign = (key: Buffer, text: string) => hmac(key, Buffer.from(text));
  const keys: StoredKeys = {
    storedKey: hash(sign(salted, 'Client Key')),
    serverKey: sign(salted, 'Server Key'),
    hash,
    sign,
  };
  return keys;
}

function provesKey({ storedKey, hash, sign }: StoredKeys, authMessage: string, proof: Buffer): boolean {
  const signature = sign(storedKey, authMessage);
  if (proof.length !== signature.length) return false;
  return hash(Buffer.from(proof.map((octet, at) => octet ^ (signature[at] ?? 0)))).equals(storedKey);
}
