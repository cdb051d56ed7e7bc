import { type NeededPermission, type RecordedRequest, UnknownCallError } from './recorded-request.ts';

/**
 * Returns the permissions that a request to S3 needs (path-style URLs).
 *
 * A change on condition of an entity tag needs s3:GetObject too ("Enforce conditional deletes", "Enforce conditional writes").
 *
 * For a missing object S3 answers 404 only to callers that may list the bucket, and "denied" to others. So a read that is answered
 * with 404 needs s3:ListBucket too. The documentation does not name the prefix in that check; this code assumes the key.
 *
 * @throws UnknownCallError if its operation is not known
 */
export function s3Permissions(request: RecordedRequest): readonly NeededPermission[] {
  const { method, url, headers, status } = request;
  const { pathname, searchParams } = new URL(url, 'http://s3');
  const [bucket = '', ...rest] = pathname.slice(1).split('/');
  const key = decodeURIComponent(rest.join('/'));
  const bucketArn = `arn:aws:s3:::${bucket}`;
  const onObject = (action: string, context = {}): NeededPermission => ({
    action: `s3:${action}`,
    resource: `${bucketArn}/${key}`,
    context,
  });
  const list = (prefix: string): NeededPermission => ({
    action: 's3:ListBucket',
    resource: bucketArn,
    context: { 's3:prefix': prefix },
  });
  const has = (name: string) => searchParams.has(name);
  const other = ['tagging', 'acl', 'attributes', 'retention', 'legal-hold', 'torrent', 'versions', 'delete'].some(has);
  if (other || headers['x-amz-copy-source'] !== undefined) throw new UnknownCallError(request);
  const version = has('versionId') ? 'Version' : '';
  const { 'if-match': tag = '*' } = headers;
  const comparing = tag === '*' ? [] : [onObject('GetObject')];
  if (key === '') {
    if (method === 'GET' || method === 'HEAD') return [list(searchParams.get('prefix') ?? '')];
    throw new UnknownCallError(request);
  }
  switch (method) {
    case 'GET':
    case 'HEAD':
      return [onObject(`GetObject${version}`), ...(status === 404 ? [list(key)] : [])];
    case 'PUT':
      return [onObject('PutObject'), ...comparing];
    case 'POST':
      return [onObject('PutObject')]; // beginning and ending an upload in parts
    case 'DELETE':
      return [onObject(has('uploadId') ? 'AbortMultipartUpload' : `DeleteObject${version}`), ...comparing];
    default:
      throw new UnknownCallError(request);
  }
}
