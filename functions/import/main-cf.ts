/**
 * main.cf as Postfix reads it (postconf(5), readllines(3), split_nameval(3)): `name = value` lines, also as `postconf -n` prints them.
 */

import { logicalLines } from '../maps/logical-lines.ts';

/** A setting as written. */
export interface Setting {
  readonly name: string;
  /** Before the expansion of `$name`. */
  readonly value: string;
  /** Number of its first line, from 1. */
  readonly line: number;
}

/** A line that cannot be read, or that has no effect. */
export interface LineFault {
  readonly line: number;
  readonly text: string;
}

/** The settings of a file. */
export interface MainCf {
  /** By name, in the order of the file; of two settings of one name the last counts. */
  readonly settings: ReadonlyMap<string, Setting>;
  readonly faults: readonly LineFault[];
}

/** Parses main.cf. It never fails: what is wrong with a line is a fault, without the text of the line, which may be a secret. */
export function parseMainCf(text: string): MainCf {
  const settings = new Map<string, Setting>();
  const faults: LineFault[] = [];
  for (const { number: line, text: written } of logicalLines(text.replaceAll('\r\n', '\n'))) {
    const [, name, value] = /^([^\s=]+)\s*=(.*)$/s.exec(written) ?? [];
    if (name === undefined || value === undefined) {
      faults.push({ line, text: 'there is no name followed by =; Postfix refuses such a file' });
      continue;
    }
    const earlier = settings.get(name);
    if (earlier !== undefined) {
      faults.push({
        line,
        text: `${name} replaces the value of line ${earlier.line}: in Postfix too, the last one counts`,
      });
    }
    settings.delete(name);
    settings.set(name, { name, value: value.trim(), line });
  }
  return { settings, faults };
}
