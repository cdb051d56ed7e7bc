import { getSystemErrorMessage } from 'node:util';

/** Why a file cannot be read, in the system's words and without a path, which whoever asks has already. */
export function fileWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'EISDIR') return 'is a directory';
  return 'errno' in error && typeof error.errno === 'number' ? getSystemErrorMessage(error.errno) : error.message;
}
