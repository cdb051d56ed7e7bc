/**
 * Small functions in one file, to test the local stack with: qmgr passes requests on, lmtp fetches the body
 * and logs a delivery without a server, bounce listens, sweep logs a line. They contain no code of the
 * product.
 */
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

const sqs = new SQSClient();
const s3 = new S3Client();
const sns = new SNSClient();
const env = process.env;

export const handler = (event) => functions[env.AWS_LAMBDA_FUNCTION_NAME](event);

const functions = {
  async qmgr({ Records }) {
    for (const { body, messageId } of Records) {
      const request = parse(body);
      if (request === undefined) {
        const reason = { DataType: 'String', StringValue: 'the request is not JSON' };
        await send(env.CORRUPT_QUEUE_URL, body, { MessageAttributes: { reason } });
      } else {
        await send(env.ACTIVE_QUEUE_URL, body, {
          MessageGroupId: request.group ?? 'a',
          MessageDeduplicationId: messageId,
        });
      }
    }
    return { batchItemFailures: [] };
  },

  async lmtp({ Records }) {
    for (const { body } of Records) {
      const { id, message, recipients } = parse(body);
      const object = await s3.send(new GetObjectCommand({ Bucket: message.bucket, Key: message.key }));
      const { length } = await object.Body.transformToByteArray();
      for (const recipient of recipients) {
        const status = recipient.startsWith('unknown') ? 'bounced' : 'sent';
        const delays = [0, 0, 0, 0];
        const text = `${length} octets for ${env.TRANSPORT_MAP}, minimal backoff ${env.MINIMAL_BACKOFF_TIME}`;
        console.log(
          JSON.stringify({ id, recipient, orig: null, relay: null, delay: 0, delays, dsn: '2.0.0', status, text }),
        );
        if (status === 'bounced') {
          const action = { DataType: 'String', StringValue: 'failed' };
          const Message = JSON.stringify({ notificationType: 'Bounce', recipient });
          await sns.send(
            new PublishCommand({ TopicArn: env.BOUNCE_TOPIC_ARN, Message, MessageAttributes: { action } }),
          );
        }
      }
    }
    return { batchItemFailures: [] };
  },

  async bounce() {
    return { batchItemFailures: [] };
  },

  async sweep() {
    console.log('swept');
  },
};

function send(QueueUrl, MessageBody, more) {
  return sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
