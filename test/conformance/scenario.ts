/**
 * The recorded scenarios: a request, a server's script, and what the real Postfix 3.7.11 lmtp(8) decided.
 *
 * Each file of scenarios/ is one scenario, observed three times with the same outcome; none was written by
 * hand.
 */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { DnsZone } from '../support/dns-message.ts';
import type { ContentFacts, IncompleteContent } from '../support/received-content.ts';
import type { ConnectionTranscript, ServerScript } from '../support/scripted-server.ts';

const folder = join(import.meta.dirname, 'scenarios');

/** Why an observation is not to be compared blindly. */
export type Caveat =
  /** Decided before lmtp(8): splitting, order, duplicates, suspension, when to cache. */
  | 'qmgr'
  /** MAIL and RCPT parameters that cleanup(8) works out. */
  | 'declared-by-cleanup'
  /** The reply to a pipelined QUIT was taken for a final reply. */
  | 'pipelined-quit'
  /** Replies were matched with the wrong commands. */
  | 'desynchronised'
  /** Status and dsn are to be compared, not the text. */
  | 'resolver-words'
  /** The same; Cyrus SASL also chose the mechanism. */
  | 'sasl-words'
  /** Only the beginning of the text is to be compared. */
  | 'long-text'
  /** Octets just before a RST. */
  | 'kernel-race'
  /** lmtp(8) died of its configuration. */
  | 'no-verdict'
  /** Needs Postfix's table types or matching rules. */
  | 'postfix-tables';

export interface ScenarioRecipient {
  readonly address: string;
  /** NOTIFY= as on the wire: NEVER, or SUCCESS, FAILURE, DELAY with commas. */
  readonly notify?: string;
  /** ORCPT= as on the wire (xtext). */
  readonly orcpt?: string;
}

/** A piece of a message. */
export type MessagePart = ({ readonly text: string } | { readonly base64: string }) & {
  /** How often it occurs. Default: once. */
  readonly times?: number;
};

export interface ScenarioRequest {
  /** Empty for the null sender. */
  readonly sender: string;
  readonly recipients: readonly (string | ScenarioRecipient)[];
  /** BODY= as the sender declared it. */
  readonly body?: '7BIT' | '8BITMIME';
  readonly smtputf8?: boolean;
  readonly ret?: 'FULL' | 'HDRS';
  /** ENVID= as on the wire (xtext). */
  readonly envid?: string;
  readonly message: readonly MessagePart[];
}

/** The outcome of one recipient. */
export interface ObservedRecipient {
  /** Number of the request, from 1, where there are several. */
  readonly message?: number;
  readonly recipient: string;
  readonly logged_as?: string;
  readonly status: 'sent' | 'deferred' | 'bounced' | 'SOFTBOUNCE';
  readonly dsn: string;
  /** The text in parentheses of the log line. */
  readonly text: string;
  /** `host[address]:port`, or `none`. */
  readonly relay: string;
  /** 2 or more: a session that had been used before. */
  readonly conn_use?: number;
  /** The program that gave the verdict if it was not lmtp(8). */
  readonly agent?: string;
  /** The text holds only its first 1500 characters. */
  readonly text_cut_by_log?: boolean;
}

/** Whether a content is the request's message, or the message in the queue, in canonical form. */
interface Compared {
  readonly same_as_request: boolean;
  readonly same_as_queued?: boolean;
}

/** A connection as its server saw it. */
export interface ObservedConnection extends Omit<ConnectionTranscript, 'contents'> {
  /** Which server, where there are several. */
  readonly server?: string;
  readonly contents: readonly (IncompleteContent | (ContentFacts & Compared))[];
}

/** The message in Postfix's queue, in canonical form. */
export interface QueuedMessage {
  readonly bytes: number;
  readonly sha256: string;
  readonly same_as_request: boolean;
  /** Absent if it is the request's message. */
  readonly base64?: string;
}

/** A delivery status notification. */
export interface ObservedNotice {
  readonly kind: 'failure' | 'success' | 'delay';
  /** Number of the request, from 1, where there are several. */
  readonly message?: number;
  /** The fields of RFC 3464 section 2.3, with `_` for `-`. */
  readonly recipients: readonly Readonly<Record<string, string>>[];
}

export interface Observation {
  /** Hash of all input. */
  readonly inputs: string;
  readonly recipients: readonly ObservedRecipient[];
  readonly connections: readonly ObservedConnection[];
  readonly connections_left_open?: boolean;
  /** Warnings of lmtp(8) and qmgr(8), and what a host said before the next was tried. */
  readonly log: readonly string[];
  readonly notices?: readonly ObservedNotice[];
  readonly queued?: QueuedMessage;
  /** A recipient got no verdict. */
  readonly incomplete?: boolean;
  readonly runs: number;
}

interface ScenarioFile {
  readonly name: string;
  /** The stage that it belongs to; its name begins with it. */
  readonly group: string;
  /** `core`: to be run when time is short. */
  readonly tier: 'core' | 'extra';
  readonly about: string;
  readonly caveats?: readonly Caveat[];
  readonly request?: ScenarioRequest;
  readonly requests?: readonly ScenarioRequest[];
  readonly inject?: 'sequential' | 'together';
  readonly destination?: string;
  readonly dns?: DnsZone;
  readonly params: Readonly<Record<string, string>>;
  readonly server?: ServerScript;
  readonly servers?: Readonly<Record<string, ServerScript>>;
  readonly observed: Observation;
}

/** A scenario with its defaults filled in. Placeholders remain in `destination`, in `params` and in `observed`. */
export interface Scenario extends Omit<ScenarioFile, 'request' | 'server'> {
  readonly caveats: readonly Caveat[];
  readonly requests: readonly ScenarioRequest[];
  /** Whether each request waits for the one before, or all arrive at once. */
  readonly inject: 'sequential' | 'together';
  /** The part after `lmtp:` of a transport. */
  readonly destination: string;
  readonly dns: DnsZone;
  /** By name; a single server has the empty name, as in `{port}`. */
  readonly servers: Readonly<Record<string, ServerScript>>;
}

/** The names of all scenarios. */
export function scenarioNames(): string[] {
  return globSync('*.json', { cwd: folder })
    .map((file) => basename(file, '.json'))
    .sort();
}

/** Reads one scenario. */
export function loadScenario(name: string): Scenario {
  const file = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as ScenarioFile;
  const { request, server, ...rest } = file;
  return {
    ...rest,
    caveats: file.caveats ?? [],
    requests: file.requests ?? (request === undefined ? [] : [request]),
    inject: file.inject ?? 'sequential',
    destination: file.destination ?? 'inet:[127.0.0.1]:{port}',
    dns: file.dns ?? {},
    servers: file.servers ?? (server === undefined ? {} : { '': server }),
  };
}

/** Returns the octets of a request's message: all its parts in order. */
export function assembleMessage(parts: readonly MessagePart[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const octets = 'text' in part ? Buffer.from(part.text) : Buffer.from(part.base64, 'base64');
      return Array<Buffer>(part.times ?? 1).fill(octets);
    }),
  );
}

/**
 * Returns a message with every line end CRLF and its last line ended: what goes over the wire, but for the
 * doubled dots.
 */
export function canonicalForm(message: Buffer): Buffer {
  const text = message.toString('latin1').replaceAll(/\r?\n/g, '\r\n');
  const ended = text === '' || text.endsWith('\r\n') ? text : `${text}\r\n`;
  return Buffer.from(ended, 'latin1');
}

/**
 * Returns the message that lmtp(8) received for the request with this index: the request's own, or the one in
 * the queue if cleanup(8) changed it. A client must get the same.
 */
export function messageToDeliver(scenario: Scenario, index = 0): Buffer {
  const { queued } = scenario.observed;
  if (queued?.base64 !== undefined && !queued.same_as_request) return Buffer.from(queued.base64, 'base64');
  const request = scenario.requests[index];
  if (request === undefined) throw new RangeError(`${scenario.name} has no request ${index}`);
  return assembleMessage(request.message);
}
