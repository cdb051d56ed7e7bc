import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { RecordedRequest } from './recorded-request.ts';

/**
 * Gives objects names of versions, made of their entity tags, so that readers ask for the version
 * they saw, as they do with S3. Versions that were written over are not kept.
 *
 * @param isVersioned whether an object is to have one
 */
export function versionsByName(
  isVersioned: (bucket: string, key: string) => boolean,
): (request: RecordedRequest, answer: IncomingMessage) => OutgoingHttpHeaders {
  return ({ service, url }, { headers }) => {
    const [, bucket = '', key = ''] = /^\/([^/]+)\/([^?]+)/.exec(url) ?? [];
    const tag = headers.etag?.replaceAll('"', '');
    return service === 's3' && key !== '' && tag !== undefined && isVersioned(bucket, decodeURIComponent(key))
      ? { 'x-amz-version-id': `version-${tag}` }
      : {};
  };
}
