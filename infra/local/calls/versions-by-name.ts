import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { RecordedRequest } from './recorded-request.ts';

/**
 * Adds version ids to objects, derived from their entity tags, so that readers request the version they saw, as with S3. Overwritten
 * versions are not kept.
 *
 * @param isVersioned whether an object gets one
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
