/**
 * Objects that were encrypted before they were stored in S3: they contain ciphertext, which must never be delivered as a message.
 *
 * The S3 encryption clients, and Amazon SES if its S3 action has a KMS key, mark this in the object's metadata. S3 decrypts its own
 * encryption (SSE-S3, SSE-KMS), which does not matter here.
 */

/** Metadata of ciphertext, without `x-amz-meta-`: the wrapped key of each format, and its companions. */
const marks = ['x-amz-key', 'x-amz-key-v2', 'x-amz-3', 'x-amz-wrap-alg', 'x-amz-cek-alg', 'x-amz-w', 'x-amz-iv'];

/** Returns the metadata that mark client-side encryption; `undefined` for plain content. */
export function encryptionMark(metadata: Readonly<Record<string, string>>): string | undefined {
  const names = new Map(Object.keys(metadata).map((name) => [name.toLowerCase(), name]));
  const mark = marks.find((name) => names.has(name));
  return mark === undefined ? undefined : `x-amz-meta-${mark}`;
}

/** Returns why such an object is refused, and what to do. */
export function encryptionFault(bucket: string, key: string, mark: string): string {
  return (
    `object "${key}" in bucket "${bucket}" was encrypted before it was stored (it has ${mark}), so there is no message to ` +
    "deliver; if Amazon SES wrote it, remove the KMS key from the receipt rule's S3 action and let the bucket encrypt"
  );
}
