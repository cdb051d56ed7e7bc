/**
 * Writes message bodies to S3.
 */

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';

/** Octets of a part of a multipart upload: S3 requires at least 5 MiB, the local S3 accepts at most 11 MiB. */
const partSize = 8 * 1024 * 1024;

/**
 * Writes a message body to a bucket, in parts if it is large.
 *
 * @param metadata object metadata: an envelope, for submission by S3 event
 * @returns its version, if the bucket keeps versions
 */
export async function putMessage(
  s3: S3Client,
  place: { readonly Bucket: string; readonly Key: string },
  body: Uint8Array | string,
  metadata: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  const octets = typeof body === 'string' ? Buffer.from(body) : body;
  const ContentType = 'message/rfc822';
  if (octets.length <= partSize) {
    const put = new PutObjectCommand({ ...place, Body: octets, ContentType, Metadata: metadata });
    return versionOf(await s3.send(put));
  }
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...place, ContentType, Metadata: metadata }));
  try {
    const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
    for (let start = 0; start < octets.length; start += partSize) {
      const PartNumber = Parts.length + 1;
      const Body = octets.subarray(start, start + partSize);
      const { ETag } = await s3.send(new UploadPartCommand({ ...place, UploadId, PartNumber, Body }));
      Parts.push({ PartNumber, ETag });
    }
    const complete = new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts } });
    return versionOf(await s3.send(complete));
  } catch (error) {
    // If that fails too, the first error is the one to report; the bucket's lifecycle rules remove the parts.
    await s3.send(new AbortMultipartUploadCommand({ ...place, UploadId })).catch(() => {});
    throw error;
  }
}

function versionOf({ VersionId }: { readonly VersionId?: string | undefined }): string | undefined {
  return VersionId === 'null' ? undefined : VersionId;
}
