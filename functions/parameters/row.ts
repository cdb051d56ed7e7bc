/**
 * A row of the parameter table, and the kinds of values.
 */

import { escapeControlsInLines } from '../smtp/control-characters.ts';

/**
 * The syntax of a value, and its parsed form:
 *
 *   time      a whole number and s, m, h, d or w; a plain number is seconds         milliseconds
 *   number    a whole number                                                       number
 *   size      a whole number of octets                                             number
 *   port      a port number, or a service that known_tcp_ports names               number
 *   ports     name=port, name=name=port, ... (Postfix known_tcp_ports)             port by name
 *   switch    yes or no                                                            boolean
 *   text      unchanged                                                            string
 *   choice    one of `allowed`                                                     that word
 *   words     words separated by commas or blanks                                  lower-case words
 *   flags     letters of `allowed`, with or without commas and blanks              set of letters
 *   protocols versions of TLS, with >=, <= or ! (Postfix lmtp_tls_protocols)          lowest and highest version
 *   passwords map specifications with credentials as results (functions/secrets)   PasswordMaps
 *   maps      map specifications (functions/maps), first entry wins                 Maps
 *   patterns  names, addresses and maps to match (Postfix match_list)              PatternList
 */
export type ParameterKind =
  | 'time'
  | 'number'
  | 'size'
  | 'port'
  | 'ports'
  | 'switch'
  | 'text'
  | 'choice'
  | 'words'
  | 'flags'
  | 'protocols'
  | 'passwords'
  | 'maps'
  | 'patterns';

/** A parameter. */
export interface Row {
  readonly kind: ParameterKind;
  /** In the syntax of main.cf. */
  readonly default: string;
  /** Smallest value: milliseconds of a time, a number, or the number of words. */
  readonly min?: number;
  /** Largest value: milliseconds of a time, or a number. */
  readonly max?: number;
  /** The words allowed in a list, or the values of a choice; absent: any. */
  readonly allowed?: readonly string[];
  /** Values that Postfix allows and that cannot be set here, each with the reason: `"x" cannot be set here: ...`. */
  readonly refused?: Readonly<Record<string, string>>;
  /** The syntax of a text, or of each word of a list. */
  readonly pattern?: RegExp;
  /** The pattern in words: `"x" is not ...`. */
  readonly wanted?: string;
  /** Keys of a map are looked up in lower case. Regular expressions have the flag `i` for that. */
  readonly fold?: boolean;
  /** Its value may contain passwords: neither errors nor listings show it, and no other value may refer to it. */
  readonly secret?: true;
  /** What the patterns match: one string, or the name (parent domains match) and address of a host. */
  readonly matches?: 'strings' | 'hosts';
  /** Its words name files, objects or secrets. */
  readonly isSource?: true;
  readonly meaning: string;
  /** Why it changes only with a deployment; absent: `lambda-lmtp set` changes it while mail flows. */
  readonly atDeployment?: string;
  /** Why the default is not Postfix's, or that Postfix has no such parameter. */
  readonly differs?: string;
}

/** Milliseconds. */
export const second = 1000;

/** Milliseconds. */
export const day = 86_400 * second;

/** A parameter has a wrong name or value. The message has both, and the allowed values. */
export class ParameterError extends Error {
  override readonly name = 'ParameterError';
  readonly parameter: string;

  constructor(parameter: string, message: string, options?: ErrorOptions) {
    super(escapeControlsInLines(`${parameter}: ${message}`), options);
    this.parameter = parameter;
  }
}
