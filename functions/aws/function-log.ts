/**
 * The log of a function: the delivery log as lines, all else through Powertools' logger.
 */

import { Console } from 'node:console';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Log } from '../log/log.ts';
import { escapeControlsInLines, safeJson } from '../smtp/control-characters.ts';

/** Returns a log that writes to standard output, which CloudWatch collects. */
export function makeLog(serviceName: string): Log {
  const logger = new Logger({ serviceName, jsonReplacerFn: withoutControls });
  // Lambda's own console puts a time and an id before each line; a delivery line must be pure JSON.
  const lines = new Console({ stdout: process.stdout, stderr: process.stderr });
  return {
    delivery: (line) => lines.log(safeJson(line)),
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

/** Escapes control characters in texts of a diagnostic; a stack trace keeps its lines. */
function withoutControls(_: string, value: unknown): unknown {
  return typeof value === 'string' ? escapeControlsInLines(value) : value;
}
