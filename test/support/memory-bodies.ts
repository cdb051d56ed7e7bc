/**
 * Message bodies in memory, with the faults that S3 has: missing, altered, denied.
 */
import { createHash } from 'node:crypto';
import { inspectContent, type Message, streamedMessage } from '../../functions/delivery/message.ts';
import type { Metadata } from '../../functions/incoming/object-envelope.ts';
import type { ContentStore, ObjectMetadata } from '../../functions/incoming/ports.ts';
import type { PinnedMessage } from '../../functions/queue/items/item.ts';
import { type Bodies, BodyFault, type SpentBodies } from '../../functions/queue/items/ports.ts';

/** Bodies by key; the bucket is ignored. */
export class MemoryBodies implements Bodies, ObjectMetadata, ContentStore, SpentBodies {
  readonly #objects = new Map<string, Buffer>();
  /** By key and version: everything that was ever put and can still be read. */
  readonly #versions = new Map<string, Buffer>();
  /** The latest version, by key. */
  readonly #current = new Map<string, string>();
  /** Messages that were discarded. */
  readonly discarded: PinnedMessage[] = [];
  /** Whether the bucket is versioned. */
  keepsVersions = false;
  readonly #metadata = new Map<string, Metadata>();
  /** Thrown at every read, as S3 does without permissions or during a failure. */
  trouble: Error | undefined;
  /** Whether bodies are read only when they are opened, as large ones are. */
  streams = false;
  /** Whether every body is deleted after its request was admitted. */
  vanish = false;

  put(key: string, body: string | Buffer, metadata: Metadata = {}): void {
    this.#objects.set(key, Buffer.from(body));
    const version = `v${this.#versions.size + 1}`;
    this.#versions.set(`${key} ${version}`, Buffer.from(body));
    this.#current.set(key, version);
    this.#metadata.set(key, metadata);
  }

  async putOnce(key: string, octets: Buffer): Promise<void> {
    if (this.trouble !== undefined) throw this.trouble;
    if (!this.#objects.has(key)) this.put(key, octets);
  }

  remove(key: string): void {
    this.#objects.delete(key);
  }

  async pin({ bucket, key, versionId }: Pick<PinnedMessage, 'bucket' | 'key' | 'versionId'>): Promise<PinnedMessage> {
    const octets = this.#read(key, versionId);
    const version = this.keepsVersions ? (versionId ?? this.#current.get(key)) : undefined;
    const pinned = { bucket, key, etag: entityTag(octets), size: octets.length };
    return version === undefined ? pinned : { ...pinned, versionId: version };
  }

  async discard(message: PinnedMessage): Promise<boolean> {
    const octets = this.#objects.get(message.key);
    if (octets === undefined || entityTag(octets) !== message.etag) return false;
    this.#objects.delete(message.key);
    this.#current.delete(message.key);
    this.discarded.push(message);
    return true;
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
      ? streamedMessage({ size: message.size, beginning: Buffer.alloc(0), open })
      : { ...inspectContent(read()), open };
  }

  #readPinned({ key, etag, versionId }: PinnedMessage): Buffer {
    if (this.vanish) this.remove(key);
    const octets = this.#read(key, versionId);
    if (entityTag(octets) !== etag) throw new BodyFault(`object "${key}" was altered`);
    return octets;
  }

  #read(key: string, versionId?: string): Buffer {
    if (this.trouble !== undefined) throw this.trouble;
    const isVersion = this.keepsVersions && versionId !== undefined;
    const octets = isVersion ? this.#versions.get(`${key} ${versionId}`) : this.#objects.get(key);
    if (octets === undefined) throw new BodyFault(`there is no object "${key}"`);
    return octets;
  }
}

function entityTag(octets: Buffer): string {
  return `"${createHash('md5').update(octets).digest('hex')}"`;
}
