import type { DeliveryLine } from '../../functions/log/delivery-line.ts';
import { isDeliveryLine } from '../../functions/log/postfix-line.ts';
import type { FunctionName } from '../functions/bundle.ts';
import { Collection } from './collection.ts';

/** A line that a function wrote. */
export interface LogLine {
  readonly functionName: FunctionName;
  readonly line: string;
}

/** The log of a stack's functions. */
export class FunctionLog {
  /** Every line. */
  readonly lines = new Collection<LogLine>();
  /** The delivery lines among them. */
  readonly deliveries = new Collection<DeliveryLine>();
  readonly #onLine: ((functionName: FunctionName, line: string) => void) | undefined;

  /** @param onLine is called with each line */
  constructor(onLine?: (functionName: FunctionName, line: string) => void) {
    this.#onLine = onLine;
  }

  write(functionName: FunctionName, line: string): void {
    this.lines.add({ functionName, line });
    this.#onLine?.(functionName, line);
    const value = parseJson(line);
    if (isDeliveryLine(value)) this.deliveries.add(value);
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
