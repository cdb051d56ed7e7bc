/**
 * The files that parameters name: which of them a function can have. An object in S3 is read by its functions, a file of this machine
 * is packed with the deployment, and a path below the folders of layers and file systems is left to the user.
 */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { filesNamedIn, isObjectUrl } from '../../functions/parameters/named-files.ts';
import { isParameterName, type ParameterName, rowOf } from '../../functions/parameters/parameters.ts';
import { PropsError, refuse } from './props-error.ts';

/** Folders that a function may have: of layers, of file systems, of its own code. */
const folders = ['/opt/', '/mnt/', '/var/task/'] as const;

/** A parameter that names a file of this machine, or an object. */
export interface FileUse {
  readonly parameter: ParameterName;
  /** As it is written. */
  readonly file: string;
}

/** The files that parameters name, beside those that functions have already. */
export interface ParameterFileUses {
  /** Files of this machine. */
  readonly local: readonly FileUse[];
  /** URLs of objects in S3. */
  readonly objects: readonly FileUse[];
}

/**
 * Returns the files that parameters name.
 *
 * @throws PropsError for a file that no function can have, and for passwords and keys, which must be secrets
 */
export function parameterFileUses(values: Readonly<Record<string, string>>): ParameterFileUses {
  const uses = Object.entries(values).flatMap(([parameter, value]): FileUse[] =>
    isParameterName(parameter) ? filesNamedIn(value, rowOf(parameter)).map(({ file }) => ({ parameter, file })) : [],
  );
  const written = uses.filter((use) => !isReference(use) && !isInFunction(use.file));
  for (const use of written) refuseReference(use);
  for (const use of written) refuseSecretFile(use);
  const isObject = ({ file }: FileUse) => isObjectUrl(file);
  for (const use of written.filter(isObject)) checkUrl(use);
  const local = written.filter((use) => !isObject(use));
  for (const use of local) checkLocal(use);
  return { local, objects: written.filter(isObject) };
}

/** Returns the text of a file of this machine; undefined for one that only the functions have. */
export function readLocalFile(file: string): string | undefined {
  return isObjectUrl(file) || isInFunction(file) ? undefined : readFileSync(resolve(file), 'utf8');
}

function isInFunction(file: string): boolean {
  return folders.some((folder) => file.startsWith(folder));
}

/** Whether a word of a list of files is a `$name`: of another parameter, whose own files are found there. */
function isReference({ parameter, file }: FileUse): boolean {
  return rowOf(parameter).kind === 'text' && /^\$(?:\w+|\{\w+\}|\(\w+\))$/.test(file);
}

/** Whether a name contains a `$name`; a value that is known only at deployment looks like one. */
function hasReference(file: string): boolean {
  return /\$(?!\{Token\[)/.test(file);
}

function refuseReference({ parameter, file }: FileUse): void {
  if (hasReference(file)) throw refuse(`parameters: ${parameter}`, file, 'a file without references ($name)');
}

function refuseSecretFile({ parameter, file }: FileUse): void {
  const isKey = parameter === 'lmtp_tls_key_file' || (!isObjectUrl(file) && hasKey(file));
  if (parameter !== 'lmtp_sasl_password_maps' && !isKey) return;
  throw refuse(
    `parameters: ${parameter}`,
    file,
    `secretsmanager:NAME (${isKey ? 'a private key' : 'passwords'} must be a secret of AWS Secrets Manager)`,
  );
}

function hasKey(file: string): boolean {
  const path = resolve(file);
  return (
    statSync(path, { throwIfNoEntry: false })?.isFile() === true && /PRIVATE KEY-----/.test(readFileSync(path, 'utf8'))
  );
}

function checkUrl({ parameter, file }: FileUse): void {
  if (!/^s3:\/\/[^/\s]+\/\S+$/.test(file)) throw refuse(`parameters: ${parameter}`, file, 's3://BUCKET/KEY');
}

function checkLocal({ parameter, file }: FileUse): void {
  const found = statSync(resolve(file), { throwIfNoEntry: false });
  if (found?.isFile() === true) return;
  const fault = found === undefined ? 'does not exist here' : 'is no file';
  throw new PropsError(
    `parameters: ${parameter}: "${file}" ${fault}, and no function can have it: expected a file of this machine, which is packed ` +
      `with the deployment; s3://BUCKET/KEY, which the functions read when it changes; or a path below ${folders.join(', ')} ` +
      '(a layer, a file system, code of your own)',
  );
}
