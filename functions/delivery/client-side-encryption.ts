/**
 * Objects that were encrypted before S3 had them: what lies there is no message, and must never be delivered as one.
 *
 * The S3 encryption clients, and Amazon SES where its S3 action has a KMS key, say so in the object's metadata. What S3
 * encrypts itself (SSE-S3, SSE-KMS) is given out as it was put in and is none of this.
 */

/** Metadata, without `x-amz-meta-`, that stand by ciphertext: the wrapped key of each format, and what goes with it. */
const marks = ['x-amz-key', 'x-amz-key-v2', 'x-amz-3', 'x-amz-wrap-alg', 'x-amz-cek-alg', 'x-amz-w', 'x-amz-iv'];

/** Which metadata show that an object was encrypted by whoever wrote it; nothing for plain content. */
export function encryptionMark(metadata: Readonly<Record<string, string>>): string | undefined {
  const names = new Map(Object.keys(metadata).map((name) => [name.toLowerCase(), name]));
  const mark = marks.find((name) => names.has(name));
  return mark === undefined ? undefined : `x-amz-meta-${mark}`;
}

/** Why such an object is refused, and what to do about it. */
export function encryptionFault(bucket: string, key: string, mark: string): string {
  return (
    `object "${key}" in bucket "${bucket}" was encrypted before it was stored (it has ${mark}), so there is no message to ` +
    "deliver; if Amazon SES wrote it, take the KMS key out of the receipt rule's S3 action and let the bucket encrypt"
  );
}
