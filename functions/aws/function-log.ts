/**
 * The log of a function: the delivery log as lines, all else through Powertools' logger.
 */

import { Console } from 'node:console';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Log } from '../log/log.ts';

/** Returns a log that writes to standard output, which CloudWatch collects. */
export function makeLog(serviceName: string): Log {
  const logger = new Logger({ serviceName });
  // Lambda's own console puts a time and an id before each line; a delivery line must be pure JSON.
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
