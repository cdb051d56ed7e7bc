/**
 * Declarations as others read them: only those that the package's entry leads to, and each import by the name of the file
 * that is there. The compiler leaves `./queues.ts` in them, which only newer compilers take for `./queues.d.ts`.
 */
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** The file that a relative import names, in `from '...'`, `import '...'` and `import('...')`. */
const relativeImport = /(?<before>\b(?:from\s*|import\s*\(?\s*)["'])(?<file>\.{1,2}\/[^"']*)\.ts(?<after>["'])/g;

/**
 * Puts the declarations in order, in place.
 *
 * @param folder what the compiler wrote into
 * @param entry declaration that users begin with, by its path in the folder
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

/** The text of every declaration that one leads to, itself included, by absolute path. */
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
