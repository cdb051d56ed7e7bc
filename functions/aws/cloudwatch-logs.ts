/**
 * What CloudWatch Logs has of a log group: FilterLogEvents, page by page.
 *
 * AWS allows a few calls a second to an account; whoever is turned away is tried again, later each time.
 */

import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { NodeHttpHandler } from '@smithy/node-http-handler';

/** A line of a log. */
export interface LogEvent {
  /** Of CloudWatch: no two have the same. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Log stream: one for each container of a function. */
  readonly stream: string;
  readonly text: string;
}

/** What is looked for. */
export interface LogWish {
  /** Milliseconds since 1970; what happened then is part of it. */
  readonly from: number;
  /** The same; to the end if absent. */
  readonly until?: number;
  /** A filter pattern of CloudWatch; all lines if absent. */
  readonly pattern?: string;
}

/** Where lines are read. */
export interface Logs {
  /** Reads a log group, in the order of time. */
  read(group: string, wish: LogWish): AsyncIterable<LogEvent>;
}

/** How often a call is made until AWS has time for it: with back-off, some minutes. */
const attempts = 12;

/** Over the SDK, with the environment's region, credentials and endpoint. */
export class CloudWatchLogs implements Logs {
  readonly #client = new CloudWatchLogsClient({
    maxAttempts: attempts,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: 3_000,
      requestTimeout: 30_000,
      throwOnRequestTimeout: true,
    }),
  });

  async *read(logGroupName: string, { from, until, pattern }: LogWish): AsyncIterable<LogEvent> {
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
      // A page may be empty and not the last: so far was looked, and nothing found.
      for (const { eventId = '', timestamp = 0, logStreamName = '', message = '' } of page.events ?? []) {
        yield { id: eventId, at: timestamp, stream: logStreamName, text: message };
      }
      nextToken = page.nextToken;
    } while (nextToken !== undefined && nextToken !== '');
  }
}
