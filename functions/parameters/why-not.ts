import { refusedParameters } from './refused.ts';
import { parameterTable } from './table.ts';

/**
 * Why a name cannot be set: the words behind the name in the error. What Postfix calls by that name is told; of an
 * smtp_ parameter, its counterpart.
 */
export function whyNot(name: string): string {
  const reason = refusalOf(name);
  if (reason !== undefined) return `cannot be set here. ${reason}`;
  return `is not a parameter of lambda-lmtp${hint(name)}`;
}

/** Why Postfix's parameter of that name cannot be set here; `undefined` if it has none, or it can be. */
export function refusalOf(name: string): string | undefined {
  if (Object.hasOwn(parameterTable, name)) return undefined;
  return (
    refusedParameters.get(name) ?? byFolded.get(name.toLowerCase()) ?? (/^tls_/.test(name) ? libraryReason : undefined)
  );
}

/** Variables of the environment are in capitals throughout; a few names are not in small letters. */
const byFolded = new Map([...refusedParameters].map(([name, reason]) => [name.toLowerCase(), reason]));

const libraryReason = 'It tunes the TLS library of Postfix; the runtime has its own.';

function hint(name: string): string {
  const folded = name.toLowerCase();
  const twin = folded
    .replace(/^smtp_/, 'lmtp_')
    .replace('_helo_', '_lhlo_')
    .replace('_ehlo_', '_lhlo_');
  const likely = [twin, nearest(folded)].find((other) => other !== undefined && Object.hasOwn(parameterTable, other));
  return likely === undefined ? '' : `; is ${likely} meant?`;
}

/** The name that differs least, if it differs by little. */
function nearest(name: string): string | undefined {
  const distances = Object.keys(parameterTable).map((other) => ({ other, distance: distanceBetween(name, other) }));
  const best = distances.reduce((least, next) => (next.distance < least.distance ? next : least));
  return best.distance <= 3 ? best.other : undefined;
}

/** How many characters must be put in, left out or replaced (Levenshtein). */
function distanceBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, character] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (character === b[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
