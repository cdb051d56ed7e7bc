import { refusedParameters } from './refused.ts';
import { parameterTable } from './table.ts';

/**
 * Returns why a name cannot be set, to follow the name in the error: the reason for a parameter of Postfix, or a similar name; for
 * an smtp_ parameter its counterpart.
 */
export function whyNot(name: string): string {
  const reason = refusalOf(name);
  if (reason !== undefined) return `cannot be set here. ${reason}`;
  return `is not a parameter of lambda-lmtp${hint(name)}`;
}

/** Returns why Postfix's parameter of that name cannot be set here; `undefined` for any other name. */
export function refusalOf(name: string): string | undefined {
  if (Object.hasOwn(parameterTable, name)) return undefined;
  return (
    refusedParameters.get(name) ?? byFolded.get(name.toLowerCase()) ?? (/^tls_/.test(name) ? libraryReason : undefined)
  );
}

/** In lower case, because the names of environment variables are all capitals. */
const byFolded = new Map([...refusedParameters].map(([name, reason]) => [name.toLowerCase(), reason]));

const libraryReason = 'It tunes the TLS library of Postfix; the runtime has its own.';

function hint(name: string): string {
  const folded = name.toLowerCase();
  const twin = folded
    .replace(/^smtp_/, 'lmtp_')
    .replace('_helo_', '_lhlo_')
    .replace('_ehlo_', '_lhlo_');
  const likely = [twin, nearest(folded)].find((other) => other !== undefined && Object.hasOwn(parameterTable, other));
  return likely === undefined ? '' : `; did you mean ${likely}?`;
}

/** Returns the most similar name, if it is similar enough. */
function nearest(name: string): string | undefined {
  const distances = Object.keys(parameterTable).map((other) => ({ other, distance: distanceBetween(name, other) }));
  const best = distances.reduce((least, next) => (next.distance < least.distance ? next : least));
  return best.distance <= 3 ? best.other : undefined;
}

/** Returns the number of characters to insert, delete or replace (Levenshtein). */
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
