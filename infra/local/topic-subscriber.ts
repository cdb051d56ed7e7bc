/**
 * A subscriber of a topic through an SQS queue, like a consumer of bounces: takes each message out of its SNS envelope (raw delivery
 * is off) and deletes it.
 */
import { DeleteMessageCommand, type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { Collection } from './collection.ts';

/** A published message. */
export interface TopicMessage {
  /** Id of the SNS message. */
  readonly messageId: string;
  readonly subject: string | undefined;
  /** The published message, parsed if it is JSON. */
  readonly message: unknown;
  /** Message attributes by name, which filter policies match. */
  readonly attributes: Readonly<Record<string, string>>;
}

interface Envelope {
  readonly MessageId: string;
  readonly Subject?: string;
  readonly Message: string;
  readonly MessageAttributes?: Readonly<Record<string, { readonly Value: string }>>;
}

export class TopicSubscriber {
  readonly received = new Collection<TopicMessage>();
  readonly #client: SQSClient;
  readonly #queueUrl: string;
  readonly #stopping = new AbortController();
  readonly #loop: Promise<void>;

  constructor(client: SQSClient, queueUrl: string) {
    this.#client = client;
    this.#queueUrl = queueUrl;
    this.#loop = this.#listen();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  async #listen(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const request = { QueueUrl: this.#queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20 };
      const { Messages = [] } = await this.#client
        .send(new ReceiveMessageCommand(request), { abortSignal: this.#stopping.signal })
        .catch(() => ({ Messages: [] as Message[] }));
      for (const message of Messages) await this.#take(message);
    }
  }

  async #take({ Body = '{}', ReceiptHandle }: Message): Promise<void> {
    const { MessageId, Subject, Message, MessageAttributes = {} } = JSON.parse(Body) as Envelope;
    const attributes = Object.entries(MessageAttributes).map(([name, { Value }]) => [name, Value] as const);
    this.received.add({
      messageId: MessageId,
      subject: Subject,
      message: readJson(Message),
      attributes: Object.fromEntries(attributes),
    });
    await this.#client.send(new DeleteMessageCommand({ QueueUrl: this.#queueUrl, ReceiptHandle })).catch(() => {});
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
