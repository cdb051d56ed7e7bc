/** A stack that is named by the environment, at a closed port. */
export const nowhere = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_MAX_ATTEMPTS: '1',
  AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
  QUEUE_TABLE: 'queue',
  MESSAGE_BUCKET: 'messages',
  INCOMING_QUEUE_URL: 'http://127.0.0.1:9/0/incoming',
  ACTIVE_QUEUE_URL: 'http://127.0.0.1:9/0/active.fifo',
  DEFERRED_QUEUE_URL: 'http://127.0.0.1:9/0/deferred',
  CORRUPT_QUEUE_URL: 'http://127.0.0.1:9/0/corrupt',
  BOUNCE_TOPIC_ARN: 'arn:aws:sns:us-east-1:000000000000:bounce',
};
