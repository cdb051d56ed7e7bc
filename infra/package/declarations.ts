/**
 * The declarations of the package: only those that its entry imports, with import paths of existing files. The compiler leaves
 * `./queues.ts` in them, which only newer compilers resolve to `./queues.d.ts`.
 */
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** A relative import, in `from '...'`, `import '...'` and `import('...')`. */
const relativeImport = /(?<before>\b(?:from\s*|import\s*\(?\s*)["'])(?<file>\.{1,2}\/[^"']*)\.ts(?<after>["'])/g;

/**
 * Corrects the declarations in place.
 *
 * @param folder the output folder of the compiler
 * @param entry path of the entry declaration in the folder
 */
export function settleDeclarations(folder: string, entry: string): void {
  const wanted = reachable(join(folder, entry));
  for (const name of globSync('**/*.d.ts', { cwd: folder })) {
    const file = resolve(folder, name);
    const text = wanted.get(file);
    if (text === undefined) rmSync(file);
    else writeFileSync(file, text.replaceAll(relativeImport, '$<before>$<file>.js$<after>'));
  }
}

/** The texts of a declaration and all that it imports, by absolute path. */
function reachable(entry: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const waiting = [resolve(entry)];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (texts.has(file)) continue;
    const text = readFileSync(file, 'utf8');
    texts.set(file, text);
    for (const { groups } of text.matchAll(relativeImport)) {
      waiting.push(resolve(dirname(file), `${groups?.['file']}.d.ts`));
    }
  }
  return texts;
}
