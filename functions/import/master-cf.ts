/**
 * master.cf (master(5)), also as `postconf -M` prints it.
 */

import { splitOutsideBraces } from '../maps/braces.ts';
import { logicalLines } from '../maps/logical-lines.ts';
import type { LineFault } from './main-cf.ts';

/** A service. */
export interface Service {
  readonly name: string;
  readonly type: string;
  /** The column maxproc; `-` is default_process_limit. */
  readonly processes: string;
  /** The program, such as `lmtp`, without its folder. */
  readonly program: string;
  /** The `-o name=value` of its command line, before the expansion of `$name`. */
  readonly options: readonly { readonly name: string; readonly value: string }[];
  /** The other words of its command line, such as `flags=DORX`. */
  readonly words: readonly string[];
  readonly line: number;
}

/** The services of a file. */
export interface MasterCf {
  /** Those of the type unix, which transports are, by name. */
  readonly transports: ReadonlyMap<string, Service>;
  readonly services: readonly Service[];
  readonly faults: readonly LineFault[];
}

/** The types of services in the second column. */
export const serviceLine = /^\S+\s+(?:inet|unix|unix-dgram|fifo|pass)\s/;

/** Parses master.cf. It never fails: what is wrong with a line is a fault. */
export function parseMasterCf(text: string): MasterCf {
  const services: Service[] = [];
  const faults: LineFault[] = [];
  for (const { number: line, text: written } of logicalLines(text.replaceAll('\r\n', '\n'))) {
    const words = wordsOf(written);
    const [name, type, , , , , processes, command, ...args] = words;
    if (name === undefined || type === undefined || processes === undefined || command === undefined) {
      faults.push({
        line,
        text: `a service has 8 columns or more, and this one ${words.length}; Postfix refuses such a file`,
      });
      continue;
    }
    const program = command.slice(command.lastIndexOf('/') + 1);
    services.push({ name, type, processes, program, line, ...readArguments(args, line, faults) });
  }
  const transports = services.filter(({ type }) => type === 'unix').map((service) => [service.name, service] as const);
  return { transports: new Map(transports), services, faults };
}

/** Splits at blanks, but not at commas: `-o name=a,b` is one word. Braces enclose a word with blanks. */
function wordsOf(line: string): readonly string[] {
  const comma = '\u0000';
  return splitOutsideBraces(line.replaceAll(',', comma)).map((word) => word.replaceAll(comma, ','));
}

function readArguments(args: readonly string[], line: number, faults: LineFault[]): Pick<Service, 'options' | 'words'> {
  const options: { name: string; value: string }[] = [];
  const words: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? '';
    if (!/^-o/.test(word)) {
      words.push(word);
      continue;
    }
    const written = word === '-o' ? (args[++at] ?? '') : word.slice(2);
    const inner = /^\{(.*)\}$/s.exec(written)?.[1]?.trim() ?? written;
    const [, name, value] = /^([^\s=]+)\s*=(.*)$/s.exec(inner) ?? [];
    if (name === undefined || value === undefined) faults.push({ line, text: 'after -o there is no name=value' });
    else options.push({ name, value: value.trim() });
  }
  return { options, words };
}
