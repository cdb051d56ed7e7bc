/**
 * The capabilities of a server, from its LHLO reply (RFC 5321 section 4.1.1.1).
 */

import type { Reply } from './reply.ts';

/** The capabilities of a server. */
export interface Capabilities {
  /** Commands may be sent in groups (RFC 2920). */
  readonly pipelining: boolean;
  /** SIZE was offered (RFC 1870), so MAIL may carry `SIZE=`. */
  readonly size: boolean;
  /** Largest message in octets; 0 = no fixed limit, or none announced. */
  readonly sizeLimit: number;
  /** BODY=8BITMIME may be sent (RFC 6152). SMTPUTF8 implies it. */
  readonly eightBitMime: boolean;
  /** SMTPUTF8 may be sent (RFC 6531). */
  readonly smtputf8: boolean;
  /** RET, ENVID, NOTIFY and ORCPT may be sent (RFC 3461). */
  readonly dsn: boolean;
  /** STARTTLS may be sent (RFC 3207). */
  readonly startTls: boolean;
  /** BDAT may be sent (RFC 3030). */
  readonly chunking: boolean;
  /** SASL mechanisms, upper case, in the server's order, from all AUTH lines (RFC 4954, and the old `AUTH=`). */
  readonly auth: readonly string[];
  /** The limits of the server (RFC 9422). */
  readonly limits: ServerLimits;
  /** Every keyword offered, upper case. */
  readonly keywords: readonly string[];
}

/** Limits that a server announces; absent: not announced. */
export interface ServerLimits {
  /** MAIL commands in one session (MAILMAX). */
  readonly mail?: number;
  /** RCPT commands in one transaction (RCPTMAX). */
  readonly rcpt?: number;
}

/** Unknown names and malformed values are ignored (RFC 9422 section 3). */
function parseLimits(words: readonly string[]): ServerLimits {
  const limitOf = (name: string) => {
    const value = words[words.findIndex((word) => word.toUpperCase() === name) + 1] ?? '';
    return /^[1-9]\d{0,5}$/.test(value) && words.some((word) => word.toUpperCase() === name)
      ? Number(value)
      : undefined;
  };
  const [mail, rcpt] = [limitOf('MAILMAX'), limitOf('RCPTMAX')];
  return { ...(mail === undefined ? {} : { mail }), ...(rcpt === undefined ? {} : { rcpt }) };
}

/**
 * Parses the capabilities of an LHLO reply.
 *
 * The first line only names the server, and a line that is not a reply is ignored. Keywords in `discard` (lower case, as in
 * lmtp_discard_lhlo_keywords) are ignored too.
 */
export function parseCapabilities(reply: Reply, discard: ReadonlySet<string> = new Set()): Capabilities {
  const offers = new Map<string, readonly string[]>();
  for (const line of reply.lines.slice(1)) {
    const offer = /^\d{3}[ -](.*)$/s.exec(line)?.[1] ?? '';
    const [word, ...words] = offer.split(/[ \t=]+/).filter((part) => part !== '');
    if (word === undefined || discard.has(word.toLowerCase())) continue;
    const keyword = word.toUpperCase();
    offers.set(keyword, [...(offers.get(keyword) ?? []), ...words]);
  }
  const smtputf8 = offers.has('SMTPUTF8');
  const limit = offers.get('SIZE')?.[0];
  return {
    pipelining: offers.has('PIPELINING'),
    size: offers.has('SIZE'),
    sizeLimit: limit !== undefined && /^\d{1,15}$/.test(limit) ? Number(limit) : 0,
    eightBitMime: smtputf8 || offers.has('8BITMIME'),
    smtputf8,
    dsn: offers.has('DSN'),
    startTls: offers.has('STARTTLS'),
    chunking: offers.has('CHUNKING'),
    auth: [...new Set((offers.get('AUTH') ?? []).map((mechanism) => mechanism.toUpperCase()))],
    limits: parseLimits(offers.get('LIMITS') ?? []),
    keywords: [...offers.keys()],
  };
}

/** Returns the keywords of the server, each with the values that count: `SIZE 20480`, `AUTH PLAIN LOGIN`. */
export function capabilityWords({ keywords, auth, sizeLimit, limits }: Capabilities): readonly string[] {
  const values: Readonly<Record<string, readonly string[]>> = {
    AUTH: auth,
    SIZE: sizeLimit > 0 ? [String(sizeLimit)] : [],
    LIMITS: Object.entries(limits).map(([name, value]) => `${name.toUpperCase()}MAX=${value}`),
  };
  return keywords.map((keyword) => [keyword, ...(values[keyword] ?? [])].join(' '));
}
