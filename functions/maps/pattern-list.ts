/**
 * Lists of patterns (Postfix match_list(3), match_ops(3)): the first that matches decides, `!` in front means no.
 *
 *   one.test           the string itself, or the host of that name; for hosts also its subdomains
 *   [10.0.1.7]  10.0.0.0/8  2001:db8::/32      hosts by address
 *   /path  s3://bucket/key                     a file, or an object, with further patterns
 *   static:all  inline:{ ... }  texthash:/path  regexp:/path      every key of the map
 *
 * Case does not count. A colon outside brackets makes a pattern the name of a map, so host:port cannot be a pattern. That is why
 * strings are compared without brackets and port. A string pattern in brackets matches nothing: Postfix accepts it too, and
 * `warnings` reports it.
 */

import ipaddr from 'ipaddr.js';
import { splitOutsideBraces } from './braces.ts';
import { logicalLines } from './logical-lines.ts';
import { type LookupTable, MapError } from './lookup-table.ts';
import { openMap } from './maps.ts';
import { type ReadTableFile, readTableFile } from './read-table-file.ts';

/** How patterns are compared. */
export interface PatternOptions {
  /** `strings`: as a whole; `hosts`: names with their parent domains, and addresses. */
  readonly matches: 'strings' | 'hosts';
  /** Default: the file system. */
  readonly readFile?: ReadTableFile;
}

/** A list of patterns. */
export class PatternList {
  /** Whether there are no patterns. */
  readonly isEmpty: boolean;
  /** Patterns that can never match, and why. */
  readonly warnings: readonly string[];
  readonly #patterns: readonly Pattern[];

  constructor(patterns: readonly Pattern[], warnings: readonly string[]) {
    this.isEmpty = patterns.length === 0;
    this.warnings = warnings;
    this.#patterns = patterns;
  }

  /** Whether the list matches any of these: a string; or the name and the address of a host. */
  matches(...names: readonly string[]): boolean {
    const folded = names.map((name) => name.toLowerCase());
    return this.#patterns.find((pattern) => folded.some(pattern.matches))?.yes ?? false;
  }
}

interface Pattern {
  readonly yes: boolean;
  readonly matches: (name: string) => boolean;
}

/** Most levels of files that name files. */
const deepestFile = 10;

/**
 * Parses a list.
 *
 * @throws MapError with the pattern and what is allowed
 */
export function openPatternList(text: string, options: PatternOptions): PatternList {
  const warnings: string[] = [];
  return new PatternList(readPatterns(text, options, true, warnings, 0), warnings);
}

function readPatterns(
  text: string,
  options: PatternOptions,
  outerYes: boolean,
  warnings: string[],
  depth: number,
): readonly Pattern[] {
  if (depth > deepestFile) throw new MapError('files of patterns name each other in a loop');
  return splitOutsideBraces(text).flatMap((word) => {
    const item = word.replace(/^!+/, '');
    if (item === '') throw new MapError(`"${word}": the ! needs a pattern after it`);
    const yes = outerYes === ((word.length - item.length) % 2 === 0);
    if (item.startsWith('/') || item.startsWith('s3://')) {
      const lines = logicalLines(readPatternFile(item, options));
      return lines.flatMap((line) => readPatterns(line.text, options, yes, warnings, depth + 1));
    }
    return [{ yes, matches: readPattern(item, options, warnings) }];
  });
}

function readPattern(item: string, options: PatternOptions, warnings: string[]): Pattern['matches'] {
  const hosts = options.matches === 'hosts';
  const network = hosts ? readNetwork(item) : undefined;
  if (network !== undefined) return network;
  if (!item.startsWith('[') && item.includes(':')) {
    // The text is in lower case already, and tables must be: keys are not folded again.
    return matchTable(openMap(item, { ...options, fold: false }), hosts);
  }
  const folded = item.toLowerCase();
  if (folded.startsWith('[')) {
    warnings.push(
      `"${item}" never matches: ${hosts ? 'it is not an address' : 'names are compared without brackets and port'}`,
    );
    return () => false;
  }
  return hosts ? (name) => name === folded || name.endsWith(`.${folded}`) : (name) => name === folded;
}

/** Parent domains are looked up too, if keys are fixed strings. */
function matchTable(table: LookupTable, hosts: boolean): Pattern['matches'] {
  return (name) => {
    const parents = hosts && table.fixed && !ipaddr.isValid(name) ? parentDomains(name) : [];
    return [name, ...parents].some((key) => key !== '' && table.find(key) !== undefined);
  };
}

function parentDomains(name: string): readonly string[] {
  const labels = name.split('.');
  return labels.slice(1).map((_, index) => labels.slice(index + 1).join('.'));
}

/** Returns a test for an address, with or without brackets, or a net/mask pattern; `undefined` for other patterns. */
function readNetwork(item: string): Pattern['matches'] | undefined {
  const [, address = '', bits] = /^\[?([0-9a-f.:]+)\]?(?:\/(\d{1,3}))?$/i.exec(item) ?? [];
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) && !(address.includes(':') && ipaddr.IPv6.isValid(address))) {
    return undefined;
  }
  const network = ipaddr.parse(address);
  const width = network.kind() === 'ipv4' ? 32 : 128;
  const length = bits === undefined ? width : Number(bits);
  if (length > width) throw new MapError(`"${item}": the mask must have 0 to ${width} bits`);
  const masked = ipaddr.parse(address);
  if (length < width && !hostBitsAreZero(masked, length)) {
    throw new MapError(`"${item}": the bits outside the mask must be zero`);
  }
  return (name) => {
    if (!ipaddr.isValid(name)) return false;
    const parsed = ipaddr.process(name);
    return parsed.kind() === network.kind() && parsed.match(network, length);
  };
}

function hostBitsAreZero(address: ipaddr.IPv4 | ipaddr.IPv6, length: number): boolean {
  const bits = address
    .toByteArray()
    .map((octet) => octet.toString(2).padStart(8, '0'))
    .join('');
  return !bits.slice(length).includes('1');
}

function readPatternFile(path: string, { readFile = readTableFile }: PatternOptions): string {
  try {
    return readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : '';
    throw new MapError(`${path}: the file cannot be read${code}`, { cause });
  }
}
