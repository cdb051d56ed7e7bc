/**
 * The client certificate, from PEM (lmtp_tls_chain_files, lmtp_tls_cert_file, lmtp_tls_key_file).
 */

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { certificateFacts } from './certificate.ts';
import { type PemBlock, pemBlocks } from './pem.ts';

/**
 * Certificates or keys of the agent cannot be read or used. The message has the parameter, the source and the reason, but none of
 * the content.
 */
export class TlsMaterialFault extends Error {
  override readonly name = 'TlsMaterialFault';
}

/** A text in PEM, and its source in words. */
export interface PemSource {
  readonly text: string;
  /** `lmtp_tls_chain_files: secretsmanager:lmtp/client` */
  readonly where: string;
}

/** A certificate with its chain, and its key, both in PEM. */
export interface ClientCertificate {
  /** The certificate, then the certificates above it. */
  readonly cert: string;
  readonly key: string;
  /** A note for the operator; the certificate is used all the same. */
  readonly note?: string;
}

/**
 * Parses certificate and key.
 *
 * @param now milliseconds
 * @throws TlsMaterialFault if one is missing or invalid, the key is encrypted, or the two do not match
 */
export function readClientCertificate(certificates: PemSource, keys: PemSource, now: number): ClientCertificate {
  const [leaf, ...above] = readCertificates(certificates);
  if (leaf === undefined)
    throw new TlsMaterialFault(`${certificates.where} contains no certificate${hint(certificates)}`);
  const { block, key } = readKey(keys);
  if (!leaf.x509.checkPrivateKey(key)) {
    const isBehind = above.some(({ x509 }) => x509.checkPrivateKey(key));
    throw new TlsMaterialFault(
      isBehind
        ? `${certificates.where}: the certificate of the key must precede those of the authorities above it`
        : `${certificates.where}: the certificate does not match the key of ${keys.where}`,
    );
  }
  const note = noteOf(leaf.x509, certificates.where, now);
  return {
    cert: [leaf, ...above].map(({ block: certificate }) => certificate.text).join(''),
    key: block.text,
    ...(note === undefined ? {} : { note }),
  };
}

/** Returns every certificate of a text. @throws TlsMaterialFault if one is invalid */
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

/** Returns a hint why a text has no PEM blocks: a secret is easily stored in another format. */
export function hint({ text }: PemSource): string {
  if (text.trim().startsWith('{')) return ': it is JSON; store only PEM';
  if (text.includes('-----BEGIN') && text.includes('\\n'))
    return ': it contains \\n instead of line ends; store real line ends';
  return ' in PEM';
}

function readKey(source: PemSource): { readonly block: PemBlock; readonly key: KeyObject } {
  const { where } = source;
  const [block, another] = pemBlocks(source.text).filter(({ label }) => label.endsWith('PRIVATE KEY'));
  if (block === undefined) throw new TlsMaterialFault(`${where} contains no private key${hint(source)}`);
  if (another !== undefined) throw new TlsMaterialFault(`${where} contains several private keys; only one is allowed`);
  // RFC 7468 section 11, and the older form of RFC 1421.
  if (block.label === 'ENCRYPTED PRIVATE KEY' || /^Proc-Type:.*ENCRYPTED/m.test(block.text)) {
    throw new TlsMaterialFault(`${where}: the private key is encrypted; store it without a passphrase`);
  }
  try {
    return { block, key: createPrivateKey(block.text) };
  } catch {
    // The message of the library may contain parts of the secret.
    throw new TlsMaterialFault(`${where}: the private key cannot be read`);
  }
}

function noteOf(x509: X509Certificate, where: string, now: number): string | undefined {
  const { subject, validFrom, validTo } = certificateFacts(x509);
  if (Date.parse(validTo) <= now)
    return `${where}: the client certificate (${subject}) expired on ${validTo.slice(0, 10)}`;
  if (Date.parse(validFrom) > now) {
    return `${where}: the client certificate (${subject}) is not valid before ${validFrom.slice(0, 10)}`;
  }
  return undefined;
}
