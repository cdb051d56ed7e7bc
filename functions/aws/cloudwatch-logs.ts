/**
 * Reads a log group of CloudWatch Logs: FilterLogEvents, page by page.
 *
 * AWS allows few calls a second for each account; throttled calls are repeated with back-off.
 */

import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { makeClient } from './make-client.ts';
import type { AwsSettings } from './settings.ts';

/** A line of a log. */
export interface LogEvent {
  /** Unique id from CloudWatch. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Log stream: one for each container of a function. */
  readonly stream: string;
  readonly text: string;
}

/** Which lines to read. */
export interface LogQuery {
  /** Milliseconds since 1970, inclusive. */
  readonly from: number;
  /** Milliseconds since 1970, inclusive; absent: up to now. */
  readonly until?: number;
  /** A filter pattern of CloudWatch; absent: all lines. */
  readonly pattern?: string;
}

/** The port of logs. */
export interface Logs {
  /** Yields the lines of a log group, oldest first. */
  read(group: string, query: LogQuery): AsyncIterable<LogEvent>;
}

/** Logs through the SDK, with region, credentials and endpoint of the environment. */
export class CloudWatchLogs implements Logs {
  readonly #client: CloudWatchLogsClient;

  constructor(aws: AwsSettings) {
    this.#client = makeClient(CloudWatchLogsClient, 'CLOUDWATCH_LOGS', { aws });
  }

  async *read(logGroupName: string, { from, until, pattern }: LogQuery): AsyncIterable<LogEvent> {
    let nextToken: string | undefined;
    do {
      const page = await this.#client.send(
        new FilterLogEventsCommand({
          logGroupName,
          startTime: from,
          endTime: until,
          filterPattern: pattern,
          nextToken,
        }),
      );
      // A page may be empty without being the last.
      for (const { eventId = '', timestamp = 0, logStreamName = '', message = '' } of page.events ?? []) {
        yield { id: eventId, at: timestamp, stream: logStreamName, text: message };
      }
      nextToken = page.nextToken;
    } while (nextToken !== undefined && nextToken !== '');
  }
}
