/** Messages of AWS services to the incoming queue, in their form, with further fields beside the relevant ones. */

/** The parts of a mail from SES that a test sets. */
export interface SesMail {
  readonly messageId?: string;
  readonly source?: string | null;
  /** Matched by the receipt rule. */
  readonly recipients?: readonly string[];
  /** The header fields. */
  readonly headerRecipients?: readonly string[];
  /** Changes to `receipt.action`. */
  readonly action?: Readonly<Record<string, unknown>>;
  /** Changes to `receipt`. */
  readonly receipt?: Readonly<Record<string, unknown>>;
  readonly timestamp?: string;
}

/** SES's message ids for received mail have this form. */
export const sesMessageId = 'o3vrnil0e2ic28trm7dfhrc2v0clambda4nbp0g1';

/** A receipt notification. */
export function sesNotification(mail: SesMail = {}): object {
  const { messageId = sesMessageId, source = 'alice@example.org', recipients = ['bob@example.com'] } = mail;
  const timestamp = mail.timestamp ?? '2026-11-22T07:59:30.000Z';
  const destination = mail.headerRecipients ?? ['list@example.net'];
  return {
    notificationType: 'Received',
    mail: {
      timestamp,
      source,
      messageId,
      destination,
      headersTruncated: false,
      headers: [
        { name: 'To', value: destination.join(', ') },
        { name: 'Bcc', value: 'hidden@example.net' },
      ],
      commonHeaders: { returnPath: source, from: ['Alice <alice@example.org>'], to: destination, subject: 'hello' },
    },
    receipt: {
      timestamp,
      processingTimeMillis: 477,
      recipients,
      spamVerdict: { status: 'PASS' },
      virusVerdict: { status: 'PASS' },
      spfVerdict: { status: 'PASS' },
      dkimVerdict: { status: 'GRAY' },
      dmarcVerdict: { status: 'FAIL' },
      dmarcPolicy: 'none',
      action: {
        type: 'S3',
        topicArn: 'arn:aws:sns:us-east-1:123456789012:mail',
        bucketName: 'messages',
        objectKeyPrefix: 'ses/',
        objectKey: `ses/${messageId}`,
        ...mail.action,
      },
      ...mail.receipt,
    },
  };
}

/** SNS's envelope, as a queue receives it without raw message delivery. */
export function snsEnvelope(message: unknown, changes: Readonly<Record<string, unknown>> = {}): object {
  return {
    Type: 'Notification',
    MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
    TopicArn: 'arn:aws:sns:us-east-1:123456789012:mail',
    Subject: 'Amazon SES Email Receipt Notification',
    Message: typeof message === 'string' ? message : JSON.stringify(message),
    Timestamp: '2026-11-22T07:59:31.000Z',
    SignatureVersion: '1',
    Signature: 'EXAMPLE',
    SigningCertURL: 'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem',
    UnsubscribeURL: 'https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe',
    ...changes,
  };
}

/** The parts of a written object that a test sets. */
export interface WrittenObject {
  readonly bucket?: string;
  /** Not encoded. */
  readonly key?: string;
  readonly versionId?: string;
  /** Without quotes. */
  readonly etag?: string;
  readonly sequencer?: string;
  readonly eventName?: string;
  /** RFC 3339. */
  readonly time?: string;
}

const somewhere = { bucket: 'messages', key: 'drop/a.eml', etag: undefined, sequencer: '0A1B2C3D4E5F678901' };

/** A record of S3's own events. */
export function s3Record(written: WrittenObject = {}): object {
  const { bucket, key, etag, sequencer, versionId, eventName = 'ObjectCreated:Put' } = { ...somewhere, ...written };
  return {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: 'us-east-1',
    eventTime: written.time ?? '2026-11-22T07:59:30.000Z',
    eventName,
    userIdentity: { principalId: 'AWS:EXAMPLE' },
    requestParameters: { sourceIPAddress: '192.0.2.1' },
    responseElements: { 'x-amz-request-id': 'C3D13FE58DE4C810' },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: 'mail',
      bucket: { name: bucket, ownerIdentity: { principalId: 'EXAMPLE' }, arn: `arn:aws:s3:::${bucket}` },
      object: {
        key: encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+'),
        size: 1024,
        ...(etag === undefined ? {} : { eTag: etag }),
        ...(versionId === undefined ? {} : { versionId }),
        sequencer,
      },
    },
  };
}

/** An event of S3 itself. */
export function s3Event(...records: readonly unknown[]): object {
  return { Records: records.length > 0 ? records : [s3Record()] };
}

/** What S3 sends when a notification is configured. */
export const s3TestEvent = {
  Service: 'Amazon S3',
  Event: 's3:TestEvent',
  Time: '2026-11-22T07:00:00.000Z',
  Bucket: 'messages',
  RequestId: '5582815E1AEA5ADF',
  HostId: '8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR',
};

/** The same event as EventBridge passes it on. */
export function eventBridgeEvent(written: WrittenObject = {}, changes: Readonly<Record<string, unknown>> = {}): object {
  const { bucket, key, etag, sequencer, versionId } = { ...somewhere, ...written };
  return {
    version: '0',
    id: '17793124-05d4-b198-2fde-7ededc63b103',
    'detail-type': 'Object Created',
    source: 'aws.s3',
    account: '123456789012',
    time: written.time ?? '2026-11-22T07:59:30Z',
    region: 'us-east-1',
    resources: [`arn:aws:s3:::${bucket}`],
    detail: {
      version: '0',
      bucket: { name: bucket },
      object: {
        key,
        size: 1024,
        ...(etag === undefined ? {} : { etag }),
        ...(versionId === undefined ? {} : { 'version-id': versionId }),
        sequencer,
      },
      'request-id': 'C3D13FE58DE4C810',
      requester: '123456789012',
      'source-ip-address': '192.0.2.1',
      reason: 'PutObject',
    },
    ...changes,
  };
}
