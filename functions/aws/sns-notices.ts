/**
 * Publishes notices through SNS: as JSON, with the class as an attribute for filter policies, and a subject for
 * subscribers by mail.
 */

import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { Notice } from '../notices/notice.ts';
import type { NoticeTopic } from '../notices/notifier.ts';

/** The notice topic. */
export class SnsNotices implements NoticeTopic {
  readonly #client: SNSClient;
  readonly #topicArn: string;

  constructor(client: SNSClient, topicArn: string) {
    this.#client = client;
    this.#topicArn = topicArn;
  }

  async publish(notice: Notice): Promise<void> {
    const attributes = { class: notice.class, transport: notice.transport, destination: notice.destination ?? '' };
    await this.#client.send(
      new PublishCommand({
        TopicArn: this.#topicArn,
        Subject: subjectLine(notice),
        Message: JSON.stringify(notice),
        // SNS refuses an attribute without a value.
        MessageAttributes: Object.fromEntries(
          Object.entries(attributes).flatMap(([name, StringValue]) =>
            StringValue === '' ? [] : [[name, { DataType: 'String', StringValue }]],
          ),
        ),
      }),
    );
  }
}

/** Returns a subject that SNS accepts: at most 100 characters of printable ASCII, beginning with a letter or digit. */
function subjectLine({ class: about, subject, transport }: Notice): string {
  const line = `${transport} ${about}: ${subject}`.replaceAll(/[^ -~]+/g, '?').replace(/^[^A-Za-z0-9]+/, '');
  return line.length <= 100 ? line : `${line.slice(0, 97)}...`;
}
