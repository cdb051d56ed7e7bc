/**
 * What one row of the table of parameters says, and the kinds of values.
 */

/**
 * How a value is written, and what it becomes:
 *
 *   time      a whole number and s, m, h, d or w; a plain number is seconds         milliseconds
 *   number    a whole number                                                       number
 *   size      a whole number of octets                                             number
 *   port      a port number, or a service that known_tcp_ports names               number
 *   ports     name=port, name=name=port, ... (Postfix known_tcp_ports)             port by name
 *   switch    yes or no                                                            boolean
 *   text      as it stands                                                         string
 *   choice    one of `allowed`                                                     that word
 *   words     words separated by commas or blanks                                  lower-case words
 *   flags     letters of `allowed`, with or without commas and blanks              set of letters
 *   protocols versions of TLS, with >=, <= or ! (Postfix lmtp_tls_protocols)          lowest and highest version
 *   passwords map specifications with credentials as results (functions/secrets)   PasswordMaps
 *   maps      map specifications (functions/maps), first hit wins                  Maps
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
  /** As it would be written in main.cf. */
  readonly default: string;
  /** Smallest value: milliseconds of a time, a number, or how many words there must be. */
  readonly min?: number;
  /** Largest value: milliseconds of a time, or a number. */
  readonly max?: number;
  /** The words allowed in a list, or the values of a choice; absent: any. */
  readonly allowed?: readonly string[];
  /** Values that Postfix allows and that cannot be had here, each with the reason: `"x" cannot be set here: ...`. */
  readonly refused?: Readonly<Record<string, string>>;
  /** What a text, or each word of a list, must look like. */
  readonly pattern?: RegExp;
  /** The pattern in words: `"x" is not ...`. */
  readonly wanted?: string;
  /** Keys of a map are looked up in lower case. Regular expressions have their own way (`i`). */
  readonly fold?: boolean;
  /** Its value may hold passwords: neither errors nor listings show it, and no other value may refer to it. */
  readonly secret?: true;
  /** What patterns are compared with: one string, or a host's name (parent domains match) and address. */
  readonly matches?: 'strings' | 'hosts';
  readonly meaning: string;
  /** Why the default is not Postfix's, or that Postfix has no such parameter. */
  readonly differs?: string;
}

/** Milliseconds. */
export const second = 1000;

/** Milliseconds. */
export const day = 86_400 * second;
