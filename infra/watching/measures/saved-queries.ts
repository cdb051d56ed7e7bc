import { Stack } from 'aws-cdk-lib';
import { CfnQueryDefinition, type ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { secretFaultNote } from '../../../functions/secrets/secrets.ts';

/** A query of Logs Insights. */
export interface SavedQuery {
  /** What it shows. */
  readonly about: string;
  /** The logs that it reads: those with delivery lines, or those of every function. */
  readonly logs: 'delivery' | 'all';
  /** Its commands, one per line. The operator replaces values in capital letters. */
  readonly lines: readonly string[];
}

/**
 * Splits a reason into parts without names of servers and recipients: the words before the server's name, its reply up to an
 * address, and the rest.
 */
const reasonInParts = String.raw`parse text /^(?<opening>(?:[A-Za-z;]+ )*)(?:\S+\[[^\]\s]*\](?::\d+)?:? ?)?(?<reason>[^<]*)(?:<[^>]*>)?(?<rest>.*)$/`;

/** The queries that are saved with a stack. */
export const savedQueries = {
  'by id': {
    about: 'The history of a message: every attempt for each of its recipients.',
    logs: 'delivery',
    lines: [
      'fields @timestamp, recipient, status, dsn, relay, delay, attempt, text',
      "filter id = 'QUEUE-ID' and ispresent(status)",
      'sort @timestamp asc',
      'limit 1000',
    ],
  },
  'by recipient': {
    about: 'All mail of a recipient, including its address before rewriting.',
    logs: 'delivery',
    lines: [
      'fields @timestamp, id, recipient, orig, status, dsn, relay, delay, text',
      'filter ispresent(status) and (recipient like /(?i)^USER@EXAMPLE\\.COM$/ or orig like /(?i)^USER@EXAMPLE\\.COM$/)',
      'sort @timestamp desc',
      'limit 1000',
    ],
  },
  'by destination': {
    about: 'All mail for a server, by its name or address in relay or reason.',
    logs: 'delivery',
    lines: [
      'fields @timestamp, id, recipient, status, dsn, relay, delay, conn_use, text',
      "filter ispresent(status) and (relay like 'SERVER' or text like 'SERVER')",
      'sort @timestamp desc',
      'limit 1000',
    ],
  },
  'top deferral reasons': {
    about: 'Why mail waits: recipients and last time by reason, without names of servers and recipients.',
    logs: 'delivery',
    lines: [
      "filter status = 'deferred'",
      reasonInParts,
      'stats count(*) as deferrals, count_distinct(id) as messages, count_distinct(recipient) as recipients, max(@timestamp) as last by dsn, opening, reason, rest',
      'sort deferrals desc',
      'limit 50',
    ],
  },
  slowest: {
    about: 'The slowest deliveries, with the parts of their delay: before active, in active, session, transfer.',
    logs: 'delivery',
    lines: [
      "filter status = 'sent'",
      'fields @timestamp, id, recipient, relay, delay, delays.0 as before_active, delays.1 as in_active, delays.2 as set_up, delays.3 as transfer',
      'sort delay desc',
      'limit 50',
    ],
  },
  'slow servers': {
    about: 'Seconds for a session and for the transfer by server: p50 and p95.',
    logs: 'delivery',
    lines: [
      'filter ispresent(status) and ispresent(relay)',
      'stats count(*) as recipients, pct(delays.2, 50) as set_up_middle, pct(delays.2, 95) as set_up_slow, pct(delays.3, 50) as transfer_middle, pct(delays.3, 95) as transfer_slow by relay',
      'sort transfer_slow desc',
      'limit 50',
    ],
  },
  'in doubt': {
    about:
      'Attempts that ended in doubt: the recipients that may receive a message twice, their server, and how the session ended.',
    logs: 'delivery',
    lines: [
      'fields @timestamp, id, recipient, relay, attempt, text',
      'filter ispresent(status) and ispresent(in_doubt) and not ispresent(in_doubt_known)',
      'sort @timestamp desc',
      'limit 1000',
    ],
  },
  'AUTH and TLS': {
    about: 'Recipients that wait because of AUTH or TLS, by reply.',
    logs: 'delivery',
    lines: [
      "filter status = 'deferred' and text like /SASL|AUTH|TLS|[Cc]ertificate/",
      'stats count(*) as deferrals, min(@timestamp) as first, max(@timestamp) as last by dsn, text',
      'sort last desc',
      'limit 50',
    ],
  },
  certificates: {
    about: 'The certificates of servers, by expiry date.',
    logs: 'delivery',
    lines: [
      'filter ispresent(tls.certificate_ends)',
      'stats max(@timestamp) as last by tls.certificate_ends, tls.subject, relay, tls.level',
      'sort tls.certificate_ends asc',
      'limit 100',
    ],
  },
  secrets: {
    about: 'Secrets that could not be read or parsed, and why.',
    logs: 'all',
    lines: [
      `filter message = '${secretFaultNote}'`,
      'stats count(*) as faults, max(@timestamp) as last by secret, why',
      'sort last desc',
      'limit 50',
    ],
  },
  corrupt: {
    about: 'Corrupt requests and messages, and why.',
    logs: 'all',
    lines: [
      'fields @timestamp, id, delivery, reason',
      "filter message in ['corrupt request', 'corrupt delivery']",
      'sort @timestamp desc',
      'limit 1000',
    ],
  },
  errors: {
    about: 'Errors of the functions: logged errors, crashes, and time-outs.',
    logs: 'all',
    lines: [
      'fields @timestamp, service, message, id, delivery, messageId, error.name, error.message, errorType, errorMessage, record.status, @log',
      "filter level in ['ERROR', 'FATAL'] or ispresent(errorType) or record.status in ['error', 'failure', 'timeout']",
      'sort @timestamp desc',
      'limit 200',
    ],
  },
  'what people did': {
    about: 'Changes made with the buttons of the dashboard, with author and reason.',
    logs: 'all',
    lines: [
      'fields @timestamp, what, id, delivery, destination, by, why',
      "filter message = 'changed by hand'",
      'sort @timestamp desc',
      'limit 200',
    ],
  },
} as const satisfies Readonly<Record<string, SavedQuery>>;

/** Name of a saved query. */
export type SavedQueryName = keyof typeof savedQueries;

export interface SavedQueriesProps {
  /** Name of the transport. */
  readonly transport: string;
  /** Logs with delivery lines. */
  readonly delivery: readonly ILogGroup[];
  /** Logs of all functions. */
  readonly all: readonly ILogGroup[];
}

/** Saved queries in the console of CloudWatch, under the name of the stack and the transport. */
export class SavedQueries extends Construct {
  constructor(scope: Construct, id: string, { transport, ...groups }: SavedQueriesProps) {
    super(scope, id);
    for (const [name, { logs, lines }] of Object.entries<SavedQuery>(savedQueries)) {
      new CfnQueryDefinition(
        this,
        name.replaceAll(/(?:^| )(\w)/g, (_, letter: string) => letter.toUpperCase()),
        {
          name: `${Stack.of(this).stackName}/${transport}/${name}`,
          logGroupNames: groups[logs].map(({ logGroupName }) => logGroupName),
          queryString: lines.join('\n| '),
        },
      );
    }
  }
}
