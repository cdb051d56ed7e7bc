/**
 * TLS material: the trusted authorities, and the client certificate with its key, from files and secrets.
 */

import { createHash } from 'node:crypto';
import type { Parameters } from '../parameters/parameters.ts';
import { type FetchOptions, SecretFault, type SecretStore } from '../secrets/secrets.ts';
import {
  hint,
  type PemSource,
  readCertificates,
  readClientCertificate,
  TlsMaterialFault,
} from './client-certificate.ts';
import { systemAuthorities } from './system-authorities.ts';

export { TlsMaterialFault } from './client-certificate.ts';

/** The material of a TLS connection. */
export interface TlsMaterial {
  /** Certificates of the trusted authorities, in PEM. Absent: those of the runtime. */
  readonly ca?: string[];
  /** The client certificate and those above it, in PEM. */
  readonly cert?: string;
  /** Its key, in PEM. Secret. */
  readonly key?: string;
  /** Changes with the rest, and contains nothing secret: part of the session key. */
  readonly version: string;
  /** Notes for the operator, for the log: the client certificate has expired. */
  readonly notes: readonly string[];
}

/** The parameters with its sources. */
export type TlsMaterialParameters = Pick<
  Parameters,
  'lmtp_tls_CAfile' | 'lmtp_tls_chain_files' | 'lmtp_tls_cert_file' | 'lmtp_tls_key_file'
>;

/** Returns the text of a file; throws the errors of node:fs. */
export type ReadMaterialFile = (path: string) => string | Promise<string>;

/**
 * Loads the material once.
 *
 * @throws TlsMaterialFault if a part is missing, invalid, or does not match the others
 */
export async function loadMaterial(
  parameters: TlsMaterialParameters,
  secrets: SecretStore,
  readFile: ReadMaterialFile,
): Promise<TlsMaterial> {
  return await new TlsMaterials(parameters, secrets, readFile).load();
}

/** Returns the names of the secrets that contain it. */
export function materialSecrets(parameters: TlsMaterialParameters): readonly string[] {
  const { lmtp_tls_CAfile, lmtp_tls_chain_files, lmtp_tls_cert_file, lmtp_tls_key_file } = parameters;
  const chain = sourcesOf(lmtp_tls_chain_files);
  const own = chain.length > 0 ? chain : [lmtp_tls_cert_file, lmtp_tls_key_file];
  const names = [lmtp_tls_CAfile, ...own].flatMap((source) => secretOf(source) ?? []);
  return [...new Set(names)];
}

/**
 * The TLS material of a function. Files are read once, and secrets at each request, so that a rotation takes effect. Unchanged
 * material is not parsed again.
 */
export class TlsMaterials {
  readonly #parameters: TlsMaterialParameters;
  readonly #secrets: SecretStore;
  readonly #readFile: ReadMaterialFile;
  readonly #now: () => number;
  readonly #files = new Map<string, string>();
  #last: { readonly texts: readonly string[]; readonly material: TlsMaterial } | undefined;

  /** @param now milliseconds, to check the validity of the client certificate */
  constructor(
    parameters: TlsMaterialParameters,
    secrets: SecretStore,
    readFile: ReadMaterialFile,
    now: () => number = Date.now,
  ) {
    this.#parameters = parameters;
    this.#secrets = secrets;
    this.#readFile = readFile;
    this.#now = now;
  }

  /**
   * Returns the current material: the same object until something changes.
   *
   * @throws TlsMaterialFault if a part is missing, invalid, or does not match the others
   */
  async load(options?: FetchOptions): Promise<TlsMaterial> {
    const read = (parameter: string, source: string) => this.#read(parameter, source, options);
    const sources = await readSources(this.#parameters, read);
    const texts = [sources.authorities, sources.certificates, sources.keys].map((source) => source?.text ?? '');
    const last = this.#last;
    if (last?.texts.every((text, index) => text === texts[index]) === true) return last.material;
    const material = compose(sources, this.#now());
    this.#last = { texts, material };
    return material;
  }

  async #read(parameter: string, source: string, options: FetchOptions | undefined): Promise<string> {
    const secret = secretOf(source);
    const known = this.#files.get(source);
    if (known !== undefined) return known;
    try {
      if (secret !== undefined) return (await this.#secrets.fetch(secret, options)).text;
      const text = source === 'system' ? systemAuthorities().join('\n') : await this.#readFile(source);
      this.#files.set(source, text);
      return text;
    } catch (cause) {
      if (cause instanceof SecretFault) throw new TlsMaterialFault(`${parameter}: ${cause.message}`, { cause });
      throw new TlsMaterialFault(`${parameter}: ${source} cannot be read${codeOf(cause)}`, { cause });
    }
  }
}

/** The texts that were read. */
interface Sources {
  readonly authorities?: PemSource;
  readonly certificates?: PemSource;
  readonly keys?: PemSource;
}

async function readSources(
  { lmtp_tls_CAfile, lmtp_tls_chain_files, lmtp_tls_cert_file, lmtp_tls_key_file }: TlsMaterialParameters,
  read: (parameter: string, source: string) => Promise<string>,
): Promise<Sources> {
  const readAll = async (parameter: string, value: string): Promise<PemSource> => ({
    text: (await Promise.all(sourcesOf(value).map((source) => read(parameter, source)))).join('\n'),
    where: `${parameter}: ${value}`,
  });
  const authorities = lmtp_tls_CAfile === '' ? undefined : await readAll('lmtp_tls_CAfile', lmtp_tls_CAfile);
  const rest = authorities === undefined ? {} : { authorities };
  if (sourcesOf(lmtp_tls_chain_files).length > 0) {
    const chain = await readAll('lmtp_tls_chain_files', lmtp_tls_chain_files);
    return { ...rest, certificates: chain, keys: chain };
  }
  if (lmtp_tls_cert_file === '') return rest;
  const certificates = await readAll('lmtp_tls_cert_file', lmtp_tls_cert_file);
  return { ...rest, certificates, keys: await readAll('lmtp_tls_key_file', lmtp_tls_key_file) };
}

function compose({ authorities, certificates, keys }: Sources, now: number): TlsMaterial {
  const ca = authorities && readAuthorities(authorities);
  const own = certificates && keys && readClientCertificate(certificates, keys, now);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(own === undefined ? {} : { cert: own.cert, key: own.key }),
    version: versionOf([...(ca ?? ['(runtime)']), own?.cert ?? '(none)']),
    notes: own?.note === undefined ? [] : [own.note],
  };
}

function readAuthorities(source: PemSource): string[] {
  const certificates = readCertificates(source);
  if (certificates.length === 0) throw new TlsMaterialFault(`${source.where} contains no certificate${hint(source)}`);
  return certificates.map(({ block }) => block.text);
}

/** Returns a version made of the certificates, which are public: a key cannot change without its certificate. */
function versionOf(certificates: readonly string[]): string {
  return createHash('sha256').update(certificates.join('\n')).digest('hex').slice(0, 16);
}

function sourcesOf(value: string): readonly string[] {
  return value.split(/[\s,]+/).filter((source) => source !== '');
}

function secretOf(source: string): string | undefined {
  return /^secretsmanager:(.+)$/.exec(source)?.[1];
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? ` (${cause.code})` : '';
}
