/**
 * Admits messages of the incoming queue, part by part. A part is admitted, skipped with a log line, or filed as corrupt
 * with the reason.
 *
 * Each step may happen twice, at any time: SQS delivers at least once, and a function may crash between two steps. The
 * table decides what is new. The same id with the same request is a duplicate, whose missing steps are done. The same
 * id with another request is corrupt.
 */

import { readObjectEnvelope } from '../../incoming/object-envelope.ts';
import type { ContentStore, ObjectMetadata } from '../../incoming/ports.ts';
import { readIncoming } from '../../incoming/read-incoming.ts';
import type { Identity, Incoming, NewObject, Part, ReceivedContent, Submission } from '../../incoming/reading.ts';
import { portsOf } from '../../request/destination.ts';
import { optional } from '../../request/fields.ts';
import type { DeliveryRequest, RequestRules } from '../../request/request.ts';
import { RequestError } from '../../request/request-error.ts';
import type { QueueServices } from '../destinations/services.ts';
import { wallTime } from '../writes/services.ts';
import {
  type Acceptance,
  admitRequest,
  isAdmitted,
  logRefusalsAgain,
  pinBody,
  withoutBodyFault,
} from './admit-request.ts';
import { logDelivered } from './ses-verdicts.ts';

/** What this stack admits. */
export interface Admission extends Acceptance {
  /** The stack's own bucket. Objects that the functions write there are not mail. */
  readonly messageBucket: string;
  readonly objects: ObjectMetadata;
  readonly contents: ContentStore;
}

/**
 * Admits the parts of a message, or files them as corrupt with the reason. Throws only temporary errors: the message
 * then stays in incoming until all its parts are handled.
 */
export async function admit(incoming: Incoming, admission: Admission, services: QueueServices): Promise<void> {
  const parts = readIncoming(incoming, { ...rulesOf(services), messageBucket: admission.messageBucket });
  const failures: unknown[] = [];
  for (const part of parts) {
    try {
      await admitPart(part, incoming, admission, services);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, `${failures.length} of ${parts.length} parts failed`);
}

async function admitPart(
  part: Part,
  { sent, handedOnBy, received }: Incoming,
  admission: Admission,
  services: QueueServices,
): Promise<void> {
  const { name, reading } = part;
  logWarnings(part, services);
  const origin = { sent, ...optional('handedOnBy', handedOnBy), ...optional('received', received) };
  switch (reading.kind) {
    case 'skipped':
      services.log.note('info', 'skipped: not mail', { id: name, reason: reading.reason });
      return;
    case 'corrupt':
      return await refuse(part, reading.error, { ...origin, ...reading }, services);
    case 'request':
      return await tryAdmitRequest(part, { ...origin, ...reading }, admission, services);
    case 'object':
      return await admitObject(part, { ...origin, ...reading }, admission, services);
    default:
      reading satisfies never;
  }
}

/** Logs fields that were left out, because they cannot be used and no delivery depends on them. */
function logWarnings({ name, reading }: Part, { log }: QueueServices): void {
  if (reading.kind !== 'request' && reading.kind !== 'object') return;
  const { warnings = [], identity } = reading;
  if (warnings.length === 0) return;
  log.note('warn', 'fields left out that cannot be used', { id: identity.id, message: name, fields: warnings });
}

async function tryAdmitRequest(
  part: Part,
  { content, ...submission }: Submission & { readonly content?: ReceivedContent },
  admission: Admission,
  services: QueueServices,
): Promise<void> {
  try {
    logDelivered(submission, services);
    if (content !== undefined) await storeContent(content, submission, admission, services);
    await admitRequest(submission, admission, services);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    await refuse(part, error, submission, services);
  }
}

/**
 * Stores the mail that a message contains, before its request is admitted. After the last delivery the body may have been
 * deleted, so a late duplicate does not store it again.
 */
async function storeContent(
  { key, octets }: ReceivedContent,
  submission: Submission,
  { contents }: Admission,
  services: QueueServices,
): Promise<void> {
  if (!(await isAdmitted(submission, services))) await contents.putOnce(key, octets);
}

/** Admits an object written to a bucket: reads its envelope from its metadata, then treats it as a request. */
async function admitObject(
  part: Part,
  { object, ...known }: Omit<Submission, 'request'> & { readonly object: NewObject },
  admission: Admission,
  services: QueueServices,
): Promise<void> {
  try {
    const request = await findEnvelope(known.identity, object, admission, services);
    await admitRequest({ ...known, request }, admission, services);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    await refuse(part, error, known, services);
  }
}

async function findEnvelope(
  identity: Identity,
  object: NewObject,
  admission: Admission,
  services: QueueServices,
): Promise<DeliveryRequest> {
  const pinned = await pinBody(object, admission, services);
  // Without versions only the latest object exists. Its own event admits it; the octets of this event are gone.
  if (object.versionId === undefined && object.etag !== undefined && pinned.etag.replaceAll('"', '') !== object.etag) {
    throw new RequestError('message.key', `object "${object.key}" was overwritten after this event`);
  }
  const metadata = await withoutBodyFault(admission.objects.read(object));
  return readObjectEnvelope(identity, object, metadata, rulesOf(services));
}

/** Files a part as corrupt, unless the same request was admitted completely before. */
async function refuse(
  { name, body }: Part,
  error: RequestError,
  submission: Partial<Submission> & Pick<Submission, 'sent'>,
  services: QueueServices,
): Promise<void> {
  if (error.field !== 'id' && (await isAdmitted(submission, services))) {
    services.log.note('info', 'duplicate request', { id: name, now: error.message });
    await logRefusalsAgain(submission, services);
    return;
  }
  const given = submission.identity?.id;
  const named = given === undefined || given === name ? {} : { requestId: given };
  await services.corrupt.file({ id: name, ...named, reason: error.message, body, sent: submission.sent });
  services.log.note('error', 'corrupt request', { id: name, ...named, reason: error.message });
}

function rulesOf(services: QueueServices): RequestRules {
  return { allowFiles: false, defaultPort: portsOf(services.parameters), now: wallTime(services) };
}
