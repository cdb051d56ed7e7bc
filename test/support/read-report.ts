/**
 * Reads a report back with independent code: postal-mime parses the MIME, and a separate parser the delivery
 * report (RFC 3464).
 */
import assert from 'node:assert/strict';
import PostalMime, { type Attachment, type Email } from 'postal-mime';

/** Fields of one block of a delivery report, names in lower case. A repeated field fails. */
export type StatusFields = Readonly<Record<string, string>>;

/** A report, read. */
export interface ReadReport {
  readonly email: Email;
  /** Header fields by lower-case name. */
  readonly header: Readonly<Record<string, string>>;
  /** The text for people. */
  readonly text: string;
  /** Content type of the second part. */
  readonly statusType: string;
  readonly message: StatusFields;
  readonly recipients: readonly StatusFields[];
  /** Content type of the third part. */
  readonly originalType: string;
  readonly original: string;
  /** Descriptions of the three parts. */
  readonly descriptions: readonly string[];
}

/**
 * Reads a report; anything malformed fails.
 *
 * @param areLinesForeign the returned message has lines that no mail has
 */
export async function readReport(content: Buffer, { areLinesForeign = false } = {}): Promise<ReadReport> {
  if (!areLinesForeign) checkLines(content);
  const email = await PostalMime.parse(content, { rfc822Attachments: true, attachmentEncoding: 'arraybuffer' });
  const header = Object.fromEntries(email.headers.map(({ key, value }) => [key, value]));
  assert.match(header['content-type'] ?? '', /^multipart\/report;\s*report-type="?delivery-status"?;\s*boundary=/);
  const [status, original, ...others] = email.attachments;
  assert.ok(status && original, 'three parts');
  assert.deepEqual(others, []);
  const [message = {}, ...recipients] = blocksOf(textOf(status));
  return {
    email,
    header,
    text: email.text ?? '',
    statusType: status.mimeType,
    message,
    recipients,
    originalType: original.mimeType,
    // The parser gives every line the end of Unix, and one too many at the end.
    original: textOf(original).replace(/\n$/, '').replaceAll('\n', '\r\n'),
    descriptions: [...content.toString('latin1').matchAll(/^Content-Description: (.*?)\r$/gm)].map(
      ([, what = '']) => what,
    ),
  };
}

/** Checks that lines end in CRLF and nothing else, that none is too long, and that there is no NUL. */
export function checkLines(content: Buffer): void {
  const text = content.toString('latin1');
  assert.doesNotMatch(text, /\r(?!\n)|(?<!\r)\n|\0/);
  for (const line of text.split('\r\n')) assert.ok(line.length <= 998, `a line of ${line.length} octets`);
}

function textOf({ content }: Attachment): string {
  return Buffer.from(content as ArrayBuffer).toString('utf8');
}

/** Blocks of fields separated by empty lines, folded lines unfolded. */
function blocksOf(text: string): readonly StatusFields[] {
  const blocks = text.replace(/\r?\n[ \t]+/g, ' ').split(/(?:\r?\n){2,}/);
  return blocks.filter((block) => block.trim() !== '').map(fieldsOf);
}

function fieldsOf(block: string): StatusFields {
  const fields: Record<string, string> = {};
  for (const line of block.split(/\r?\n/).filter((each) => each !== '')) {
    const [, name = '', value = ''] =
      /^([!-9;-~]+): ?(.*)$/s.exec(line) ?? assert.fail(`no field: ${JSON.stringify(line)}`);
    assert.ok(!(name.toLowerCase() in fields), `${name} is there twice`);
    fields[name.toLowerCase()] = value.trim();
  }
  return fields;
}
