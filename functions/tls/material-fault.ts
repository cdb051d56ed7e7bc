/**
 * Certificates or keys of ours cannot be had. The message says which parameter, which source and why, and nothing of what
 * stands in the source.
 */
export class TlsMaterialFault extends Error {
  override readonly name = 'TlsMaterialFault';
}
