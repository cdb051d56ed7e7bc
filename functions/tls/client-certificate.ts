/**
 * Our own certificate, from PEM (lmtp_tls_chain_files, lmtp_tls_cert_file, lmtp_tls_key_file).
 */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { certificateFacts } from './certificate.ts';
import { TlsMaterialFault } from './material-fault.ts';
import { type PemBlock, pemBlocks } from './pem.ts';

/** A text in PEM, and where it came from, in words. */
export interface PemSource {
  readonly text: string;
  /** `lmtp_tls_chain_files: secretsmanager:lmtp/client` */
  readonly where: string;
}

/** A certificate with its chain, and its key, both in PEM. */
export interface ClientCertificate {
  /** The certificate, then those above it. */
  readonly cert: string;
  readonly key: string;
  /** What an operator should know of it, though it is used. */
  readonly note?: string;
}

/**
 * Reads certificate and key.
 *
 * @param now milliseconds
 * @throws TlsMaterialFault where one is missing or cannot be read, the key is encrypted, or the two do not belong together
 */
export function readClientCertificate(certificates: PemSource, keys: PemSource, now: number): ClientCertificate {
  const [leaf, ...above] = readCertificates(certificates);
  if (leaf === undefined) throw new TlsMaterialFault(`${certificates.where} holds no certificate${hint(certificates)}`);
  const { block, key } = readKey(keys);
  if (!leaf.x509.checkPrivateKey(key)) {
    const isBehind = above.some(({ x509 }) => x509.checkPrivateKey(key));
    throw new TlsMaterialFault(
      isBehind
        ? `${certificates.where}: the certificate of the key must stand before those of the authorities above it`
        : `${certificates.where}: the certificate and the key of ${keys.where} do not belong together`,
    );
  }
  const note = noteOf(leaf.x509, certificates.where, now);
  return {
    cert: [leaf, ...above].map(({ block: certificate }) => certificate.text).join(''),
    key: block.text,
    ...(note === undefined ? {} : { note }),
  };
}

/** Every certificate of a text. @throws TlsMaterialFault where one cannot be read */
export function readCertificates({ text, where }: PemSource): readonly {
  readonly block: PemBlock;
  readonly x509: X509Certificate;
}[] {
  const blocks = pemBlocks(text).filter(({ label }) => label === 'CERTIFICATE');
  return blocks.map((block, index) => {
    try {
      return { block, x509: new X509Certificate(block.text) };
    } catch (cause) {
      throw new TlsMaterialFault(`${where}: certificate ${index + 1} of ${blocks.length} cannot be read`, { cause });
    }
  });
}

/** Why there may be nothing in a text: a secret is easily stored in another form than it was meant. */
export function hint({ text }: PemSource): string {
  if (text.trim().startsWith('{')) return ': it is JSON; PEM alone is wanted';
  if (text.includes('-----BEGIN') && text.includes('\\n'))
    return ': its line ends are written as \\n; line ends are wanted';
  return ' in PEM';
}

function readKey(source: PemSource): { readonly block: PemBlock; readonly key: KeyObject } {
  const { where } = source;
  const [block, another] = pemBlocks(source.text).filter(({ label }) => label.endsWith('PRIVATE KEY'));
  if (block === undefined) throw new TlsMaterialFault(`${where} holds no private key${hint(source)}`);
  if (another !== undefined) throw new TlsMaterialFault(`${where} holds several private keys; one is wanted`);
  // RFC 7468 section 11, and the older form of RFC 1421.
  if (block.label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type:.*ENCRYPTED/m.test(block.text)) {
    throw new TlsMaterialFault(`${where}: the private key is encrypted; one without a passphrase is wanted`);
  }
  try {
    return { block, key: createPrivateKey(block.text) };
  } catch {
    // What the library says of it is not passed on: it is about a secret.
    throw new TlsMaterialFault(`${where}: the private key cannot be read`);
  }
}

function noteOf(x509: X509Certificate, where: string, now: number): string | undefined {
  const { subject, validFrom, validTo } = certificateFacts(x509);
  if (Date.parse(validTo) <= now) return `${where}: our certificate (${subject}) expired on ${validTo.slice(0, 10)}`;
  if (Date.parse(validFrom) > now) {
    return `${where}: our certificate (${subject}) is not valid before ${validFrom.slice(0, 10)}`;
  }
  return undefined;
}
