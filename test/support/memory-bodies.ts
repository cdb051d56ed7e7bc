/**
 * Message bodies in memory, with the faults that S3 has: missing, altered, denied.
 */
import { createHash } from 'node:crypto';
import { inspectContent, type Message, unseenContent } from '../../functions/delivery/message.ts';
import type { Metadata } from '../../functions/incoming/object-envelope.ts';
import type { ObjectMetadata } from '../../functions/incoming/ports.ts';
import type { PinnedMessage } from '../../functions/queue/item.ts';
import { type Bodies, BodyFault } from '../../functions/queue/ports.ts';

/** Bodies by key; the bucket is not looked at. */
export class MemoryBodies implements Bodies, ObjectMetadata {
  readonly #objects = new Map<string, Buffer>();
  readonly #metadata = new Map<string, Metadata>();
  /** Thrown at whoever reads, as S3 does while rights are missing or the service is down. */
  trouble: Error | undefined;
  /** Whether bodies are read only when they are opened, as large ones are. */
  streams = false;
  /** Whether every body is gone after its request was taken in. */
  vanish = false;

  put(key: string, body: string | Buffer, metadata: Metadata = {}): void {
    this.#objects.set(key, Buffer.from(body));
    this.#metadata.set(key, metadata);
  }

  remove(key: string): void {
    this.#objects.delete(key);
  }

  async pin({ bucket, key }: Pick<PinnedMessage, 'bucket' | 'key'>): Promise<PinnedMessage> {
    const octets = this.#read(key);
    return { bucket, key, etag: entityTag(octets), size: octets.length };
  }

  async read({ key }: Pick<PinnedMessage, 'key'>): Promise<Metadata> {
    this.#read(key);
    return this.#metadata.get(key) ?? {};
  }

  async load(message: PinnedMessage): Promise<Message> {
    const read = () => this.#readPinned(message);
    async function* open(): AsyncIterable<Buffer> {
      yield read();
    }
    return this.streams
      ? { ...unseenContent(message.size, Buffer.alloc(0)), open }
      : { ...inspectContent(read()), open };
  }

  #readPinned({ key, etag }: PinnedMessage): Buffer {
    if (this.vanish) this.remove(key);
    const octets = this.#read(key);
    if (entityTag(octets) !== etag) throw new BodyFault(`object "${key}" was altered`);
    return octets;
  }

  #read(key: string): Buffer {
    if (this.trouble !== undefined) throw this.trouble;
    const octets = this.#objects.get(key);
    if (octets === undefined) throw new BodyFault(`there is no object "${key}"`);
    return octets;
  }
}

function entityTag(octets: Buffer): string {
  return `"${createHash('md5').update(octets).digest('hex')}"`;
}
