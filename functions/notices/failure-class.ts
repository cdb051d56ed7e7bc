/**
 * The class of an error for notices: missing resources, or a fault.
 */

/** Codes of this machine's own shortages. */
const shortages: ReadonlySet<string> = new Set(['ENOSPC', 'ENOMEM', 'EMFILE', 'ENFILE']);

/**
 * Returns the class of an error. `resource`: time, memory, throughput or network was short, and a retry may succeed (as
 * in Postfix). `software`: a bug, or a wrong permission or setting, which a retry does not mend.
 *
 * @param isTemporary whether a service gave it, and the same call may succeed later
 */
export function failureClass(error: unknown, isTemporary: boolean): 'resource' | 'software' {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return isTemporary || shortages.has(code) ? 'resource' : 'software';
}
