import { type NeededPermission, type RecordedRequest, UnknownCallError } from './recorded-request.ts';

/**
 * What IAM would be asked about a request to S3 (path-style URLs).
 *
 * Who makes a change on condition that an object has a certain entity tag needs s3:GetObject too ("Enforce conditional deletes",
 * "Enforce conditional writes").
 *
 * Where an object is not there, S3 says so to those only who may list the bucket, and "denied" to all others: so a read that is
 * answered with 404 needs s3:ListBucket too. Which prefix S3 then holds against a condition is not documented; the key is
 * taken for it, as what would be listed.
 *
 * @throws UnknownCallError when its operation is not known
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
