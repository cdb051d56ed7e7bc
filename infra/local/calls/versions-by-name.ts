import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { RecordedRequest } from './recorded-request.ts';

/**
 * Gives the objects of versioned buckets names of versions, made of their entity tags, so that readers ask for the version
 * they saw, as they do with S3. Versions that were written over are not kept.
 *
 * @param isVersioned whether a bucket is
 */
export function versionsByName(
  isVersioned: (bucket: string) => boolean,
): (request: RecordedRequest, answer: IncomingMessage) => OutgoingHttpHeaders {
  return ({ service, url }, { headers }) => {
    const [, bucket = '', key = ''] = url.split(/[/?]/, 3);
    const tag = headers.etag?.replaceAll('"', '');
    return service === 's3' && key !== '' && tag !== undefined && isVersioned(bucket)
      ? { 'x-amz-version-id': `version-${tag}` }
      : {};
  };
}
