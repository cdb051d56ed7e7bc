/** The licences of the packages whose code is published as a part of ours, as one text. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Licences that allow to publish the code in a package under Apache-2.0, if their text goes with it. */
const accepted: ReadonlySet<string> = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'MIT-0',
]);

/** A package that is contained cannot be published as a part of ours. */
export class LicenceError extends Error {
  override readonly name = 'LicenceError';
}

/**
 * Returns the names, versions and licences of the packages that sources belong to, and the text of each licence once.
 *
 * @param sources paths in the project; those outside `node_modules` are our own
 * @throws LicenceError for a licence that is not accepted, and for one whose text is missing
 */
export function thirdPartyLicences(project: string, sources: Iterable<string>): string {
  const folders = new Set([...sources].flatMap((source) => packageFolder(source) ?? []));
  const packages = new Map([...folders].map((folder) => [readPackage(project, folder), textOf(project, folder)]));
  const byText = Map.groupBy([...packages].sort(byName), ([, text]) => text);
  const sections = [...byText].map(([text, members]) => {
    const names = new Set(members.map(([{ name, version, licence }]) => `${name} ${version} (${licence})`));
    return `${[...names].join('\n')}\n\n${text}\n`;
  });
  return [heading, ...sections].join(`\n${'-'.repeat(80)}\n\n`);
}

const heading = `This package contains code of the packages below, in dist/index.js, dist/command and dist/bundles.
Each group of packages is followed by the text of its licence.
`;

interface ContainedPackage {
  readonly name: string;
  readonly version: string;
  /** SPDX identifier. */
  readonly licence: string;
}

type Entry = readonly [ContainedPackage, string];

function byName([one]: Entry, [other]: Entry): number {
  return one.name.localeCompare(other.name, 'en') || one.version.localeCompare(other.version, 'en', { numeric: true });
}

/** The folder of the package that a source belongs to: the one after the last `node_modules`. */
function packageFolder(source: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(source)?.[0];
}

function readPackage(project: string, folder: string): ContainedPackage {
  const { name, version, license } = JSON.parse(readFileSync(join(project, folder, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  if (license === undefined || !accepted.has(license)) {
    throw new LicenceError(`${name} ${version} has the licence ${license ?? '(none)'}, which is not accepted`);
  }
  return { name, version, licence: license };
}

/** The licence and notices that a package comes with, or the standard text of its licence if it comes with none. */
function textOf(project: string, folder: string): string {
  const place = join(project, folder);
  const files = globSync('*', { cwd: place }).filter((name) =>
    /^(?:licen[cs]e|copying|(?:copyright)?notice)/i.test(name),
  );
  if (!files.some((name) => /^(?:licen[cs]e|copying)/i.test(name))) return standardText(project, folder);
  return files
    .sort()
    .map((name) => readFileSync(join(place, name), 'utf8').replaceAll('\r\n', '\n').trim())
    .join('\n\n');
}

function standardText(project: string, folder: string): string {
  const { name, licence } = readPackage(project, folder);
  switch (licence) {
    case 'Apache-2.0':
      return readFileSync(join(project, 'LICENSE'), 'utf8').trim();
    case 'MIT-0':
      return mitNoAttribution;
    default:
      throw new LicenceError(`${name} (${licence}) comes without the text of its licence`);
  }
}

/** https://spdx.org/licenses/MIT-0.html, which asks for no notice of copyright. */
const mitNoAttribution = `MIT No Attribution

Permission is hereby granted, free of charge, to any person obtaining a copy of this
software and associated documentation files (the "Software"), to deal in the Software
without restriction, including without limitation the rights to use, copy, modify,
merge, publish, distribute, sublicense, and/or sell copies of the Software, and to
permit persons to whom the Software is furnished to do so.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED,
INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A
PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT
HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF
CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE
OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;
