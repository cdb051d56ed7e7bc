/**
 * Decodes encoded words (RFC 2047) in object metadata: S3 returns text that is not US-ASCII in this form.
 */

/** A word of the value cannot be decoded. */
export class EncodedWordError extends Error {
  override readonly name = 'EncodedWordError';
}

const word = /=\?([^?\s]+)\?([bq])\?([^?\s]*)\?=/gi;

/**
 * Decodes all encoded words; the rest is unchanged.
 *
 * S3 reads header octets as Latin-1. UTF-8 comes back as its Latin-1 reading, encoded. So text whose octets are valid
 * UTF-8 is read as UTF-8.
 *
 * @throws EncodedWordError if a charset is unknown, or the octets are invalid in it
 */
export function decodeWords(value: string): string {
  // White space between two encoded words only separates them (RFC 2047 section 6.2).
  const joined = value.replaceAll(/(\?=)\s+(?==\?[^?\s]+\?[bq]\?)/gi, '$1');
  return asUtf8(
    joined.replaceAll(word, (_, charset: string, encoding: string, text: string) => decode(charset, encoding, text)),
  );
}

function decode(charset: string, encoding: string, text: string): string {
  const octets = encoding.toLowerCase() === 'b' ? Buffer.from(text, 'base64') : unquote(text);
  // RFC 2231 section 5: a language may follow the charset.
  const [name = ''] = charset.split('*');
  try {
    return new TextDecoder(name, { fatal: true }).decode(octets);
  } catch (cause) {
    throw new EncodedWordError(`"=?${charset}?${encoding}?${text}?=" cannot be decoded`, { cause });
  }
}

/** The Q encoding (RFC 2047 section 4.2). */
function unquote(text: string): Buffer {
  const octets = text
    .replaceAll('_', ' ')
    .replaceAll(/=([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(octets, 'latin1');
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function asUtf8(text: string): string {
  if (!/[\u0080-\u00ff]/.test(text) || /[^\u0000-\u00ff]/.test(text)) return text;
  try {
    return utf8.decode(Buffer.from(text, 'latin1'));
  } catch {
    return text;
  }
}
