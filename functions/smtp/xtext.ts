/**
 * xtext, the encoding of ORCPT and ENVID on the wire (RFC 3461 section 4). In a request both are plain text.
 */

/** Encodes a text: octets outside `!` to `~`, and `+` and `=`, become `+XX`. */
export function encodeXtext(text: string): string {
  let encoded = '';
  for (const octet of Buffer.from(text, 'utf8')) {
    const plain = octet >= 0x21 && octet <= 0x7e && octet !== 0x2b && octet !== 0x3d;
    encoded += plain ? String.fromCharCode(octet) : `+${octet.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/**
 * Encodes a text as utf-8-addr-xtext, the encoding of addresses of the type `utf-8` where UTF-8 itself may not be sent (RFC 6533
 * section 3): characters outside `!` to `~`, and `+`, `=` and the backslash, become `\x{XX}`. Postfix sends ORCPT so in any session.
 */
export function encodeUtf8Xtext(text: string): string {
  return [...text]
    .map((character) => {
      if (/[!-*,-<>-[\]-~]/.test(character)) return character;
      return `\\x{${character.codePointAt(0)?.toString(16).toUpperCase().padStart(2, '0')}}`;
    })
    .join('');
}

/** Decodes a text; `undefined` if it is not xtext. */
export function decodeXtext(xtext: string): string | undefined {
  if (!/^(?:[!-*,-<>-~]|\+[0-9A-F]{2})*$/.test(xtext)) return undefined;
  const octets = xtext.replace(/\+([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(octets, 'latin1').toString('utf8');
}
