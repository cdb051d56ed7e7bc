/**
 * Where the command line's requests come from: a file of JSON lines, or the options themselves.
 */

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type DeliveryRequest, parseRequest, RequestError, type RequestRules } from '../delivery/request.ts';
import type { Parameters } from '../parameters.ts';
import { addressFault } from '../smtp/path.ts';
import { type DeliveryJob, prepareJob } from './delivery-job.ts';

/** A request that cannot be delivered; the others still are. */
export class MalformedRequest {
  /** File and line, or the option. */
  readonly place: string;
  /** Field first. */
  readonly message: string;

  constructor(place: string, message: string) {
    this.place = place;
    this.message = message;
  }
}

/** Reads requests line by line; empty lines are passed over. */
export async function* readRequests(
  { requests = '-', destination }: { readonly requests?: string; readonly destination?: string },
  parameters: Parameters,
): AsyncIterable<DeliveryJob | MalformedRequest> {
  const input = requests === '-' ? process.stdin : createReadStream(requests);
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  const rules = { allowFiles: true, defaultPort: parameters.lmtp_tcp_port, now: Date.now() };
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line.trim() !== '') yield await readRequest(`${requests}:${number}`, line, rules, destination);
  }
}

/** The one request that --sender, --recipient and --message make. */
export async function* requestFromOptions(options: {
  readonly sender?: string;
  readonly recipient: readonly string[];
  readonly message?: string;
  readonly destination?: string;
}): AsyncIterable<DeliveryJob | MalformedRequest> {
  const { sender = '', recipient, message = '', destination } = options;
  const fault = sender === '' ? undefined : addressFault(sender);
  if (fault !== undefined) {
    yield new MalformedRequest('--sender', `${JSON.stringify(sender)} ${fault}`);
    return;
  }
  const recipients = recipient.map((address) => {
    const fault = addressFault(address);
    return fault === undefined ? { address } : { address, fault };
  });
  // Whoever types an address in UTF-8 means it.
  yield await job('--message', { sender, recipients, message: { file: message }, smtputf8: true }, destination);
}

async function readRequest(
  place: string,
  line: string,
  rules: RequestRules,
  destination: string | undefined,
): Promise<DeliveryJob | MalformedRequest> {
  try {
    return await job(place, parseRequest(line, rules), destination);
  } catch (error) {
    if (error instanceof RequestError) return new MalformedRequest(place, error.message);
    throw error;
  }
}

async function job(
  place: string,
  request: DeliveryRequest,
  destination: string | undefined,
): Promise<DeliveryJob | MalformedRequest> {
  try {
    return await prepareJob(request, destination);
  } catch (error) {
    if (error instanceof RequestError) return new MalformedRequest(place, error.message);
    throw error;
  }
}
