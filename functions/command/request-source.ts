/**
 * The requests of `deliver`: from a file of JSON lines, or from options.
 */

import { createReadStream } from 'node:fs';
import { cleanupRules } from '../delivery/preparation.ts';
import type { Parameters } from '../parameters/parameters.ts';
import { portsOf } from '../request/destination.ts';
import { type DeliveryRequest, parseRequest, type RequestRules } from '../request/request.ts';
import { RequestError } from '../request/request-error.ts';
import { escapeControls } from '../smtp/control-characters.ts';
import { addressFault } from '../smtp/path.ts';
import { type DeliveryJob, prepareJob } from './delivery-job.ts';
import { readLines } from './read-lines.ts';
import { pathOf, type Run } from './run.ts';

/** A request that cannot be delivered. It does not stop the others. */
export class MalformedRequest {
  /** File, line and field, or the option; then what is wrong. One line, escaped for a terminal. */
  readonly complaint: string;

  constructor(place: string, fault: string) {
    this.complaint = escapeControls(`${place}: ${fault}`);
  }
}

/** Yields the requests of a file, line by line; empty lines are skipped. */
export async function* readRequests(
  run: Run,
  requests: string,
  defaultDestination: string | undefined,
  parameters: Parameters,
): AsyncIterable<DeliveryJob | MalformedRequest> {
  const input: AsyncIterable<Buffer> = requests === '-' ? run.stdin : createReadStream(pathOf(requests, run));
  let number = 0;
  for await (const line of readLines(input)) {
    number += 1;
    if (/^\s*$/.test(line.toString('latin1'))) continue;
    // The clock is read for each line: a program may write requests for hours.
    const rules = { allowFiles: true, defaultPort: portsOf(parameters), now: Date.now() };
    try {
      yield await prepareJob(parseLine(line, rules), defaultDestination, { ...run, cleanup: cleanupRules(parameters) });
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      yield new MalformedRequest(`${requests}:${number}`, error.message);
    }
  }
}

/** The options that make a request. */
interface WholeRequest {
  readonly sender: string;
  readonly recipient: readonly string[];
  readonly message: string;
  readonly destination: string;
  readonly parameters: Parameters;
}

/** Returns the request of --sender, --recipient and --message. */
export async function requestFromOptions(
  run: Run,
  { sender, recipient, message, destination, parameters }: WholeRequest,
): Promise<DeliveryJob | MalformedRequest> {
  const fault = sender === '' ? undefined : addressFault(sender);
  if (fault !== undefined) return new MalformedRequest('--sender', `${JSON.stringify(sender)} ${fault}`);
  const recipients = recipient.map((address) => {
    const fault = addressFault(address);
    return fault === undefined ? { address } : { address, fault };
  });
  try {
    const request = { sender, recipients, message: { file: message }, destination };
    return await prepareJob(request, undefined, { ...run, cleanup: cleanupRules(parameters) });
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    // Only the message can still be wrong, and here it is an option.
    return new MalformedRequest('--message', error.message.slice(`${error.field}: `.length));
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function parseLine(line: Buffer, rules: RequestRules): DeliveryRequest {
  let text: string;
  try {
    text = utf8.decode(line);
  } catch (cause) {
    // A guess might deliver to an address that the request does not name.
    throw new RequestError('request', 'is not UTF-8', { cause });
  }
  return parseRequest(text, rules);
}
