/** Names in messages with commas and equals signs as syntax (RFC 5801 section 4, `saslname`). */

/** Writes `,` as `=2C` and `=` as `=3D`. */
export function escapeName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C');
}
