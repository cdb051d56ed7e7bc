/**
 * Every parameter, in one table: Postfix's name, kind, default, bounds, and what it does.
 *
 * The environment variables of the functions (LMTP_MAIL_TIMEOUT=300s), the construct's `parameters`, the command line's
 * `--parameter` and PARAMETERS.md all come from here. A wrong name or value is told with name, value and what is allowed.
 */

/** How a value is written. Times take s, m, h, d or w; a plain number is seconds. */
export type ParameterKind = 'time' | 'number' | 'switch' | 'text' | 'words';

interface Row {
  readonly kind: ParameterKind;
  /** As it would be written in main.cf. */
  readonly default: string;
  /** Smallest value: milliseconds of a time, or a number. */
  readonly min?: number;
  /** Largest value: milliseconds of a time, or a number. */
  readonly max?: number;
  /** The words allowed in a list; absent: any. */
  readonly allowed?: readonly string[];
  readonly meaning: string;
  /** Why the default is not Postfix's, or that Postfix has no such parameter. */
  readonly differs?: string;
}

const second = 1000;
const day = 86_400 * second;

/** The table. */
export const parameterTable = {
  myhostname: {
    kind: 'text',
    default: 'localhost',
    meaning: 'The name of this mail system: in LHLO, and as Reporting-MTA.',
    differs: 'Postfix asks the system; a function has no name of its own.',
  },
  lmtp_lhlo_name: { kind: 'text', default: '$myhostname', meaning: 'The argument of LHLO.' },
  lmtp_tcp_port: {
    kind: 'number',
    default: '24',
    min: 1,
    max: 65_535,
    meaning: 'The port of a next-hop that names none.',
  },
  lmtp_connect_timeout: {
    kind: 'time',
    default: '30s',
    min: 0,
    meaning: 'Connecting; 0 = as long as the system tries.',
    differs: 'Postfix: 0s. A function must not wait as long as a kernel does.',
  },
  lmtp_lhlo_timeout: { kind: 'time', default: '300s', min: second, meaning: 'The greeting, and the reply to LHLO.' },
  lmtp_mail_timeout: { kind: 'time', default: '300s', min: second, meaning: 'The reply to MAIL FROM.' },
  lmtp_rcpt_timeout: { kind: 'time', default: '300s', min: second, meaning: 'The reply to each RCPT TO.' },
  lmtp_data_init_timeout: { kind: 'time', default: '120s', min: second, meaning: 'The reply to DATA.' },
  lmtp_data_xfer_timeout: {
    kind: 'time',
    default: '180s',
    min: second,
    meaning: 'Sending content: how long the server may take nothing in.',
  },
  lmtp_data_done_timeout: {
    kind: 'time',
    default: '600s',
    min: second,
    meaning: 'The final reply, afresh for each recipient.',
  },
  lmtp_data_done_next_timeout: {
    kind: 'time',
    default: '60s',
    min: second,
    meaning: 'Each final reply after the first, where lmtp_data_done_timeout is longer.',
    differs: 'Ours: a server that answered one recipient and then falls silent has lost count.',
  },
  lmtp_rset_timeout: { kind: 'time', default: '20s', min: second, meaning: 'The reply to RSET.' },
  lmtp_quit_timeout: {
    kind: 'time',
    default: '300s',
    min: second,
    meaning: 'The reply to QUIT, where it is waited for.',
  },
  lmtp_skip_quit_response: {
    kind: 'switch',
    default: 'yes',
    meaning: 'Do not wait for the reply to QUIT.',
    differs: 'Postfix: no. Nobody should pay for a goodbye.',
  },
  lmtp_cache_connection: { kind: 'switch', default: 'yes', meaning: 'Keep sessions open between requests.' },
  lmtp_connection_cache_size: {
    kind: 'number',
    default: '4',
    min: 0,
    max: 100,
    meaning: 'Sessions that one container keeps open while idle; each holds a process of the mail store.',
    differs: 'Ours; lmtp(8) of old kept one.',
  },
  lmtp_connection_reuse_time_limit: {
    kind: 'time',
    default: '300s',
    min: second,
    meaning: 'How long a session may live, from its connection on.',
  },
  max_idle: { kind: 'time', default: '100s', min: second, meaning: 'How long a session may lie idle.' },
  max_use: { kind: 'number', default: '100', min: 1, max: 1_000_000, meaning: 'How many requests one session serves.' },
  lmtp_line_length_limit: {
    kind: 'number',
    default: '998',
    min: 0,
    max: 1_000_000,
    meaning: 'Longest content line in octets; longer ones are cut with CRLF and a blank; 0 = never.',
  },
  lmtp_discard_lhlo_keywords: {
    kind: 'words',
    default: '',
    allowed: [
      '8bitmime',
      'auth',
      'chunking',
      'dsn',
      'enhancedstatuscodes',
      'etrn',
      'pipelining',
      'requiretls',
      'silent-discard',
      'size',
      'smtputf8',
      'starttls',
      'verp',
      'vrfy',
      'xclient',
      'xforward',
    ],
    meaning: 'LHLO keywords to take as not offered: the way out with a broken server.',
  },
  lmtp_quote_rfc821_envelope: {
    kind: 'switch',
    default: 'yes',
    meaning: 'Quote odd local-parts in MAIL FROM and RCPT TO.',
  },
  lmtp_skip_5xx_greeting: {
    kind: 'switch',
    default: 'yes',
    meaning: 'A 5xx greeting defers, or leads to the next host; no = it bounces.',
  },
  lmtp_mx_address_limit: {
    kind: 'number',
    default: '5',
    min: 0,
    max: 1000,
    meaning: 'Addresses tried for one next-hop; 0 = all.',
  },
  lmtp_mx_session_limit: {
    kind: 'number',
    default: '2',
    min: 0,
    max: 1000,
    meaning: 'Sessions past the handshake for one next-hop; 0 = as many as there are addresses.',
  },
  lmtp_randomize_addresses: {
    kind: 'switch',
    default: 'yes',
    meaning: 'Try the addresses of one host in random order.',
  },
  allow_local_destinations: {
    kind: 'switch',
    default: 'no',
    meaning: 'Allow loopback, link-local and multicast addresses as destinations.',
    differs: 'Ours: whoever may submit must not reach what only this machine should.',
  },
  soft_bounce: { kind: 'switch', default: 'no', meaning: 'Defer whatever would bounce.' },
  strict_postfix_verdicts: {
    kind: 'switch',
    default: 'no',
    meaning: "HARMFUL, for comparison only: draw Postfix's verdict also where ours is deliberately better.",
    differs: 'Ours.',
  },
  default_destination_recipient_limit: {
    kind: 'number',
    default: '50',
    min: 0,
    max: 100_000,
    meaning: 'Recipients of one delivery, unless the transport says otherwise; 0 = as many as fit.',
  },
  lmtp_destination_recipient_limit: {
    kind: 'number',
    default: '$default_destination_recipient_limit',
    min: 0,
    max: 100_000,
    meaning: 'Recipients of one delivery of this transport.',
  },
  default_destination_concurrency_limit: {
    kind: 'number',
    default: '20',
    min: 1,
    max: 1000,
    meaning: 'Deliveries to one destination at once, unless the transport says otherwise.',
    differs: 'Postfix also has 0 = no limit; here the limit is the number of slots, so there must be one.',
  },
  lmtp_destination_concurrency_limit: {
    kind: 'number',
    default: '$default_destination_concurrency_limit',
    min: 1,
    max: 1000,
    meaning: 'Deliveries to one destination of this transport at once.',
  },
  minimal_backoff_time: {
    kind: 'time',
    default: '300s',
    min: second,
    meaning: 'Shortest wait before the next attempt.',
  },
  maximal_backoff_time: {
    kind: 'time',
    default: '4000s',
    min: second,
    meaning: 'Longest wait before the next attempt.',
  },
  maximal_queue_lifetime: {
    kind: 'time',
    default: '5d',
    min: 0,
    max: 100 * day,
    meaning: 'How long delivery is tried before a message is returned; 0 = one attempt.',
  },
  bounce_queue_lifetime: {
    kind: 'time',
    default: '5d',
    min: 0,
    max: 100 * day,
    meaning: 'The same for mail with the null sender.',
  },
} as const satisfies Record<string, Row>;

export type ParameterName = keyof typeof parameterTable;

type ValueOf<Kind extends ParameterKind> = Kind extends 'time' | 'number'
  ? number
  : Kind extends 'switch'
    ? boolean
    : Kind extends 'words'
      ? readonly string[]
      : string;

/** Every parameter with its value: times in milliseconds, switches as booleans, lists as words. */
export type Parameters = { readonly [Name in ParameterName]: ValueOf<(typeof parameterTable)[Name]['kind']> };

/** A parameter has a wrong name or value. The message names both, and what is allowed. */
export class ParameterError extends Error {
  override readonly name = 'ParameterError';
  readonly parameter: string;

  constructor(parameter: string, message: string) {
    super(`${parameter}: ${message}`);
    this.parameter = parameter;
  }
}

/** Whether there is a parameter of that name. */
export function isParameterName(name: string): name is ParameterName {
  return Object.hasOwn(parameterTable, name);
}

/** All names, in the table's order. */
export const parameterNames = Object.keys(parameterTable).filter(isParameterName);

/** The environment variable of a parameter: its name in capitals. */
export function variableName(name: ParameterName): string {
  return name.toUpperCase();
}

/**
 * Reads values by Postfix name; what is absent has its default.
 *
 * @throws ParameterError for a name that is none of ours, or a value that is not allowed
 */
export function parseParameters(values: Readonly<Record<string, string | undefined>>): Parameters {
  for (const name of Object.keys(values)) {
    if (!isParameterName(name)) throw new ParameterError(name, 'is not a parameter of lambda-lmtp');
  }
  const entries = parameterNames.map((name) => {
    const value = expand(name, values, new Set());
    return [name, parseValue(name, value)] as const;
  });
  const parameters = Object.fromEntries(entries) as unknown as Parameters;
  checkTogether(parameters);
  return parameters;
}

/** Reads the parameters from a function's environment; other variables are not looked at. */
export function parametersFromEnvironment(environment: NodeJS.ProcessEnv): Parameters {
  const values: Record<string, string | undefined> = {};
  for (const name of parameterNames) values[name] = environment[variableName(name)];
  return parseParameters(values);
}

/** A time in Postfix's notation, in milliseconds; `undefined` if it is none. */
export function parseTime(text: string): number | undefined {
  const match = /^(\d{1,9})([smhdw]?)$/.exec(text.trim());
  if (match === null) return undefined;
  const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
  return Number(match[1]) * (units[match[2] ?? ''] ?? 1) * second;
}

/** Follows `$name`, as main.cf does. */
function expand(name: ParameterName, values: Readonly<Record<string, string | undefined>>, seen: Set<string>): string {
  const value = values[name] ?? parameterTable[name].default;
  return value.replace(/\$\{?(\w+)\}?/g, (_, other: string) => {
    if (!isParameterName(other))
      throw new ParameterError(name, `"${value}" refers to $${other}, which is no parameter`);
    if (seen.has(other) || other === name) throw new ParameterError(name, `"${value}" refers to itself`);
    return expand(other, values, new Set([...seen, name]));
  });
}

function parseValue(name: ParameterName, value: string): number | boolean | string | readonly string[] {
  const row: Row = parameterTable[name];
  switch (row.kind) {
    case 'time': {
      const time = parseTime(value);
      if (time === undefined) {
        throw new ParameterError(
          name,
          `"${value}" is not a time: a number and s, m, h, d or w is wanted, such as 300s`,
        );
      }
      return inBounds(name, value, time, row);
    }
    case 'number':
      return parseNumber(name, value, row);
    case 'switch':
      if (value !== 'yes' && value !== 'no') throw new ParameterError(name, `"${value}" is neither yes nor no`);
      return value === 'yes';
    case 'words':
      return parseWords(name, value, row);
    case 'text':
      return value;
    default:
      return row.kind satisfies never;
  }
}

function parseNumber(name: ParameterName, value: string, row: Row): number {
  if (!/^\d{1,15}$/.test(value)) throw new ParameterError(name, `"${value}" is not a whole number`);
  return inBounds(name, value, Number(value), row);
}

function inBounds(name: ParameterName, value: string, number: number, { kind, min = 0, max }: Row): number {
  if (number >= min && (max === undefined || number <= max)) return number;
  const show = (bound: number) => (kind === 'time' ? `${bound / second}s` : String(bound));
  const range = max === undefined ? `${show(min)} or more` : `${show(min)} to ${show(max)}`;
  throw new ParameterError(name, `"${value}" is out of range: ${range} is allowed`);
}

function parseWords(name: ParameterName, value: string, { allowed }: Row): readonly string[] {
  const words = value
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
  for (const word of words) {
    if (allowed !== undefined && !allowed.includes(word)) {
      throw new ParameterError(name, `"${word}" is not allowed; allowed are ${allowed.join(', ')}`);
    }
  }
  return words;
}

function checkTogether(parameters: Parameters): void {
  if (parameters.minimal_backoff_time > parameters.maximal_backoff_time) {
    throw new ParameterError('minimal_backoff_time', 'is longer than maximal_backoff_time');
  }
  if (!/^[\w.\-[\]:]+$/.test(parameters.lmtp_lhlo_name)) {
    throw new ParameterError('lmtp_lhlo_name', `"${parameters.lmtp_lhlo_name}" is not a host name or address literal`);
  }
}
