/**
 * The log of a function: the delivery log line by line, and everything else through Powertools' logger.
 */

import { Console } from 'node:console';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Log } from '../log/log.ts';

/** A log that writes to the function's standard output, as CloudWatch collects it. */
export function makeLog(serviceName: string): Log {
  const logger = new Logger({ serviceName });
  // Lambda's own console puts a time and an id before each line; the delivery log is JSON from the first octet on.
  const lines = new Console({ stdout: process.stdout, stderr: process.stderr });
  return {
    delivery: (line) => lines.log(JSON.stringify(line)),
    note: (level, message, { error, ...facts }) => {
      logger[level](
        message,
        error instanceof Error
          ? { ...facts, error }
          : { ...facts, ...(error === undefined ? {} : { error: String(error) }) },
      );
    },
  };
}
