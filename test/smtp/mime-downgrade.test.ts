import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MimeDowngrader, type MimeLimits } from '../../functions/smtp/mime-downgrade.ts';

/** Returns the converted form of a message, given as text of one character for each octet. */
function downgrade(message: string, limits?: MimeLimits): string {
  const downgrader = new MimeDowngrader(limits);
  const octets = [downgrader.push(Buffer.from(message, 'latin1')), downgrader.end()];
  assert.equal(downgrader.fault, undefined);
  return Buffer.concat(octets).toString('latin1');
}

/** A text/plain message that declares itself 8bit. */
const declared = (body: string) => `Content-Transfer-Encoding: 8bit\n\n${body}`;

/** The converted body of such a message. */
function quoted(body: string): string {
  const header = 'Content-Transfer-Encoding: quoted-printable\n\n';
  const converted = downgrade(declared(body));
  assert.ok(converted.startsWith(header));
  return converted.slice(header.length);
}

describe('in quoted-printable', () => {
  const full = 'x'.repeat(73);
  for (const [what, body, wanted] of [
    ['nothing stays nothing', '', ''],
    ['an empty line stays empty', '\n\n', '\n\n'],
    ['octets above 127 are encoded', 'gr\xfc\xdfe \x80\xff\n', 'gr=FC=DFe =80=FF\n'],
    ['the equals sign is encoded', 'a=b\n', 'a=3Db\n'],
    ['controls and DEL are encoded', '\0\x01\x1f\x7f\n', '=00=01=1F=7F\n'],
    ['TAB and blank inside a line stay', 'a\tb c\n', 'a\tb c\n'],
    ['a blank at the end of a line is encoded', 'a \n', 'a=20\n'],
    ['only the last of several blanks is encoded', 'a  \n', 'a =20\n'],
    ['a TAB at the end of a line is encoded', 'a\t\n', 'a=09\n'],
    ['a line of one blank is encoded', ' \n', '=20\n'],
    ['a blank at the very end is encoded', 'a ', 'a=20'],
    ['a last line without an end stays without one', '\xe4', '=E4'],
    ['dots are left to the encoder', '.\n..\n', '.\n..\n'],
    ['a line beginning with From is left', 'From me\n', 'From me\n'],
    ['lines of CRLF end in CRLF', '\xe4\r\nb\r\n', '=E4\r\nb\r\n'],
    ['a CR that ends no line is a blank', 'a\rb\r\r\n', 'a b=20\r\n'],
    ['a line of 73 characters is whole', `${full}\n`, `${full}\n`],
    ['a line of 74 is broken after the 73rd', `${full}y\n`, `${full}=\ny\n`],
    ['a blank in the 73rd place is before the break', `${full.slice(1)} y\n`, `${full.slice(1)} =\ny\n`],
    ['a blank in the 73rd place at the end is encoded', `${full.slice(1)} \n`, `${full.slice(1)}=20\n`],
    [
      'an octet encoded in columns 73 to 75 is followed by a break',
      `${full.slice(1)}\xe4y\n`,
      `${full.slice(1)}=E4=\ny\n`,
    ],
    ['an octet encoded in columns 73 to 75 may end a line', `${full.slice(1)}\xe4\n`, `${full.slice(1)}=E4\n`],
    ['a soft break ends like the line before', `\r\n${full}y\n${full}y`, `\r\n${full}=\r\ny\n${full}=\ny`],
  ] as const) {
    test(what, () => assert.equal(quoted(body), wanted));
  }
});

describe('undeclared content passes unchanged', () => {
  for (const [what, message] of [
    ['nothing', ''],
    ['an empty line', '\n'],
    ['a header without a body', 'Subject: x\n'],
    ['8-bit octets without MIME', 'Subject: x\n\ngr\xfc\xdfe\n'],
    ['8-bit octets in a header', 'Subject: gr\xfc\xdfe\n f\xfcr alle\n\nbody\n'],
    ['8-bit octets declared as 7bit', 'Content-Transfer-Encoding: 7bit\n\ngr\xfc\xdfe\n'],
    ['base64', 'Content-Transfer-Encoding: base64\n\nYQ==\n'],
    ['quoted-printable', 'Content-Transfer-Encoding: Quoted-Printable\n\n=C3=BC\n'],
    ['an unknown encoding', 'Content-Transfer-Encoding: x-uuencode\n\nb\xe4\n'],
    ['an encoding in quotes', 'Content-Transfer-Encoding: "8bit"\n\nb\xe4\n'],
    ['an encoding after a semicolon', 'Content-Transfer-Encoding: ;8bit\n\nb\xe4\n'],
    ['a folded encoding', 'Content-Transfer-Encoding:\n\t7bit\n (plain)\nSubject: x\n\nb\xe4\n'],
    ['a field in the body', '\nContent-Transfer-Encoding: 8bit\n\nb\xe4\n'],
    ['text before and after the parts', 'Content-Type: multipart/mixed; boundary=b\n\npr\xe4\n--b--\nep\xef\n'],
    ['a part without a declaration', 'Content-Type: multipart/mixed; boundary=b\n\n--b\n\n\xe4\n--b--\n'],
    ['lines of both kinds', 'Subject: x\r\nTo: y\n\nb\xe4\r\nb\n'],
    ['a line without an end', 'Subject: x'],
    ['a declared encoding without an end', 'Content-Transfer-Encoding: 7bit'],
  ] as const) {
    test(what, () => assert.equal(downgrade(message), message));
  }
});

describe('the encoding field', () => {
  const qp = 'Content-Transfer-Encoding: quoted-printable\n';
  for (const [what, message, wanted] of [
    [
      'is last in the header, wherever it was',
      'From: a\nContent-Transfer-Encoding: 8bit\nSubject: x\n\n\xe4\n',
      `From: a\nSubject: x\n${qp}\n=E4\n`,
    ],
    ['binary is converted like 8bit', 'Content-Transfer-Encoding: Binary\n\n\xe4\n', `${qp}\n=E4\n`],
    ['is recognised in any letter case', 'content-TRANSFER-encoding: 8BIT\n\n\xe4\n', `${qp}\n=E4\n`],
    ['is recognised with a blank before the colon', 'Content-Transfer-Encoding : 8bit\n\n\xe4\n', `${qp}\n=E4\n`],
    ['is known folded', 'Content-Transfer-Encoding:\n 8bit\nA: b\n\n\xe4\n', `A: b\n${qp}\n=E4\n`],
    ['is recognised after a comment', 'Content-Transfer-Encoding: (a(b)\\)) 8bit; x\n\n\xe4\n', `${qp}\n=E4\n`],
    [
      'given twice, the last one counts',
      'Content-Transfer-Encoding: 8bit\nContent-Transfer-Encoding: 7bit\n\n\xe4\n',
      'Content-Transfer-Encoding: 7bit\n\n\xe4\n',
    ],
    [
      'given twice, 7bit before 8bit stays, as in Postfix',
      'Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: 8bit\n\n\xe4\n',
      `Content-Transfer-Encoding: 7bit\n${qp}\n=E4\n`,
    ],
    ['is replaced if the content ends with the header', 'A: b\nContent-Transfer-Encoding: 8bit\n', `A: b\n${qp}`],
    ['is replaced if the header has no last line end', 'Content-Transfer-Encoding: 8bit\nA: b', `A: b\n${qp}`],
    ['is replaced if the field itself has no line end', 'A: b\nContent-Transfer-Encoding: 8bit', `A: b\n${qp}`],
    [
      'ends like the line before',
      'Content-Transfer-Encoding: 8bit\r\n\r\n\xe4\r\n',
      'Content-Transfer-Encoding: quoted-printable\r\n\r\n=E4\r\n',
    ],
  ] as const) {
    test(what, () => assert.equal(downgrade(message), wanted));
  }
});

describe('a header', () => {
  test('loses blanks before the colon', () => {
    assert.equal(downgrade('Subject \t: x\n  y : z\n\nb : c\n'), 'Subject: x\n  y : z\n\nb : c\n');
  });
  test('that a line of text ends gets an empty line after it', () => {
    assert.equal(downgrade('Subject: x\r\ntext\r\nTo: y\r\n'), 'Subject: x\r\n\r\ntext\r\nTo: y\r\n');
  });
  test('that is missing is an empty one', () => {
    assert.equal(downgrade('just text\n'), '\njust text\n');
  });
  test('that a declared text follows without an empty line is ended, and the text is converted', () => {
    const wanted = 'Content-Transfer-Encoding: quoted-printable\n\n=E4 b\n';
    assert.equal(downgrade('Content-Transfer-Encoding: 8bit\n\xe4 b\n'), wanted);
  });
  test('of a part gets no empty line: the part may be signed', () => {
    const message = 'Content-Type: multipart/signed; boundary=b\n\n--b\nX: y\ntext\n--b--\n';
    assert.equal(downgrade(message), message);
  });
  test('does not begin with a folded line', () => {
    assert.equal(
      downgrade(' Content-Transfer-Encoding: 8bit\n\n\xe4\n'),
      '\n Content-Transfer-Encoding: 8bit\n\n\xe4\n',
    );
  });
});

/** A multipart message; parts include their headers. */
const multipart = (boundary: string, ...parts: readonly string[]) =>
  `Content-Type: multipart/mixed; ${boundary}\nContent-Transfer-Encoding: 8bit\n\n${parts.map((part) => `--b\n${part}`).join('')}--b--\n`;

const part8Bit = 'Content-Transfer-Encoding: 8bit\n\n\xe4\n';
const partQuoted = 'Content-Transfer-Encoding: quoted-printable\n\n=E4\n';
const converted = `Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 7bit\n\n--b\n${partQuoted}--b--\n`;

describe('a multipart declares 7bit, and its parts are converted one by one', () => {
  for (const [what, boundary] of [
    ['a bare boundary', 'boundary=b'],
    ['a quoted one', 'boundary="b"'],
    ['a quoted one with a backslash', 'boundary="\\b"'],
    ['one in an open quote', 'boundary="b'],
    ['blanks and comments', 'boundary (c) = (d\\)) b (e)'],
    ['capitals', 'BOUNDARY=b'],
    ['other parameters', 'charset="a;b\\"c"; boundary=b; x=y'],
    ['empty parameters', ';;  ; boundary=b;'],
    ['a folded field', '\n\tboundary=b'],
    ['a second boundary', 'boundary=a; boundary=b'],
    ['a boundary that is the beginning of the real one', 'boundary=b; boundary=""'],
  ] as const) {
    test(`announced with ${what}`, () => {
      const wanted = converted.replace('boundary=b', () => boundary);
      assert.equal(downgrade(multipart(boundary, part8Bit)), wanted);
    });
  }
  for (const [what, type] of [
    ['in capitals', 'MULTIPART/Alternative; boundary=b'],
    ['with blanks', ' multipart / mixed ; boundary=b'],
    ['without a subtype', 'multipart; boundary=b'],
    ['cut by a comment', 'multipart(a)/mixed; boundary=b'],
  ] as const) {
    test(`announced ${what}`, () => {
      const message = `Content-Type: ${type}\n\n--b\n${part8Bit}--b--\n`;
      assert.equal(downgrade(message), message.replace(part8Bit, partQuoted));
    });
  }
  for (const [what, field] of [
    ['a type in quotes', 'Content-Type: "multipart"/mixed; boundary=b'],
    ['a name in quotes', 'Content-Type: multipart/mixed; "boundary"=b'],
    ['a parameter with a prefix', 'Content-Type: multipart/mixed; xboundary=b'],
    ['a boundary without a value', 'Content-Type: multipart/mixed; boundary='],
    ['a boundary after a NUL', 'Content-Type: multipart/mixed\0; boundary=b'],
    ['an open quote that ends in a blank, which is part of it', 'Content-Type: multipart/mixed; boundary="b '],
    ['another type', 'Content-Type: image/png; boundary=b'],
  ] as const) {
    test(`not announced by ${what}`, () => {
      const message = `${field}\n\n--b\n${part8Bit}--b--\n`;
      assert.equal(downgrade(message), message);
    });
  }
});

describe('boundaries', () => {
  const open = 'Content-Type: multipart/mixed; boundary=b\n\n';
  const isFollowedByHeader = (line: string) =>
    downgrade(`${open}${line}\n${part8Bit}`).endsWith(`${line}\n${partQuoted}`);

  for (const line of ['--b', '--b ', '--b\t', '--bcd', '--b-', '--b \xe4']) {
    test(`${JSON.stringify(line)} begins a part`, () => assert.ok(isFollowedByHeader(line)));
  }
  for (const line of ['--B', '-b', ' --b', '---b', '--', '--b--', 'x--b', '\r--b']) {
    test(`${JSON.stringify(line)} does not begin a part`, () => assert.ok(!isFollowedByHeader(line)));
  }
  test('stay unchanged after a converted part', () => {
    const message = `${open}--b\n${part8Bit}--b =\xe4\t\n${part8Bit}--b-- =\xe4\t\n=\xe4\t\n`;
    assert.equal(downgrade(message), message.replaceAll(part8Bit, partQuoted));
  });
  test('end a header without an empty line', () => {
    const message = `${open}--b\nContent-Transfer-Encoding: 8bit\n--b\n${part8Bit}`;
    const wanted = `${open}--b\nContent-Transfer-Encoding: quoted-printable\n--b\n${partQuoted}`;
    assert.equal(downgrade(message), wanted);
  });
  test('of an outer multipart end all inner ones', () => {
    const inner = 'Content-Type: multipart/mixed; boundary=inner\n\n--inner\n';
    const message = `${open}--b\n${inner}${part8Bit}--b\n${part8Bit}--inner\n${part8Bit}`;
    // After the outer boundary, a line like an inner one belongs to a converted part.
    const rest = part8Bit.replace('\xe4', '=E4');
    assert.equal(downgrade(message), `${open}--b\n${inner}${partQuoted}--b\n${partQuoted}--inner\n${rest}`);
  });
  test('of nested multiparts are distinguished', () => {
    const inner = (text: string) =>
      `Content-Type: multipart/mixed; boundary=inner\n\n--inner\n${text}--inner--\n\xef\n`;
    const message = `${open}--b\n${inner(part8Bit)}--b\n${part8Bit}--b--\n\xef\n`;
    const wanted = `${open}--b\n${inner(partQuoted)}--b\n${partQuoted}--b--\n\xef\n`;
    assert.equal(downgrade(message), wanted);
  });
  test('that have been closed begin no more parts', () => {
    const message = `${open}--b--\n--b\n${part8Bit}`;
    assert.equal(downgrade(message), message);
  });
  test('with a common beginning belong to the innermost multipart', () => {
    const message = `${open}--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb--\n${part8Bit}`;
    assert.equal(downgrade(message), message);
  });
  test('folded in their field lose the blanks before the fold', () => {
    const message = `Content-Type: multipart/mixed; boundary="x \t\r\n y"\n\n--x y\n${part8Bit}`;
    assert.equal(downgrade(message), message.replace(part8Bit, partQuoted));
  });
  test('with a colon directly after header fields are fields, as in Postfix', () => {
    const message = `Content-Type: multipart/mixed; boundary="a:b"\n\n--a:b\nX: y\n--a:b\n\n\xe4\n`;
    assert.equal(downgrade(message), message);
  });
  test('are compared up to mime_boundary_length_limit', () => {
    const message = `Content-Type: multipart/mixed; boundary=abcdef\n\n--abcxyz\n${part8Bit}`;
    assert.equal(downgrade(message), message);
    assert.equal(downgrade(message, { boundaryLengthLimit: 3 }), message.replace(part8Bit, partQuoted));
  });
  test('are found up to the length of a queue file record, 2048 octets', () => {
    const message = (length: number) => {
      const boundary = 'x'.repeat(length);
      return `Content-Type: multipart/mixed; boundary=${boundary}\n\n--${boundary}\n${part8Bit}`;
    };
    assert.equal(downgrade(message(2046)), message(2046).replace(part8Bit, partQuoted));
    assert.equal(downgrade(message(2047)), message(2047));
  });
});

describe('a message in a message', () => {
  const message = (type: string, encoding: string, body: string) =>
    `Content-Type: ${type}\nContent-Transfer-Encoding: ${encoding}\n\n${body}`;

  test('declares 7bit, and its own header decides about its body', () => {
    const inner = `Subject: \xe4\n${part8Bit}`;
    const wanted = message('message/rfc822', '7bit', `Subject: \xe4\n${partQuoted}`);
    assert.equal(downgrade(message('message/rfc822', '8bit', inner)), wanted);
  });
  test('without a declaration passes unchanged', () => {
    assert.equal(
      downgrade(message('message/rfc822', '8bit', 'Subject: x\n\n\xe4\n')),
      message('message/rfc822', '7bit', 'Subject: x\n\n\xe4\n'),
    );
  });
  test('is the default type of the parts of a digest', () => {
    const digest = (part: string) => `Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n${part}--b--\n`;
    assert.equal(downgrade(digest(part8Bit)), digest(partQuoted));
  });
  test('is not the type of a part of a digest that declares another', () => {
    const digest = `Content-Type: multipart/digest; boundary=b\n\n--b\nContent-Type: text/plain\n\n${part8Bit}--b--\n`;
    assert.equal(downgrade(digest), digest);
  });
  test('of the international kind is converted whole if it declares itself 8bit', () => {
    assert.equal(
      downgrade(message('message/global', '8bit', `Subject: \xe4\n${part8Bit}`)),
      message('message/global', 'quoted-printable', `Subject: =E4\n${part8Bit.replace('\xe4', '=E4')}`),
    );
  });
  test('of the international kind is examined if it does not', () => {
    assert.equal(
      downgrade(message('message/global', '7bit', `Subject: \xe4\n${part8Bit}`)),
      message('message/global', '7bit', `Subject: \xe4\n${partQuoted}`),
    );
  });
  test('of another kind declares 7bit and is still converted, as in Postfix', () => {
    assert.equal(
      downgrade(message('message/delivery-status', '8bit', 'Diagnostic-Code: \xe4\n')),
      message('message/delivery-status', '7bit', 'Diagnostic-Code: =E4\n'),
    );
  });
});

describe('content nested too deep', () => {
  /** So many nested multiparts. */
  function nested(depth: number): Buffer {
    const field = (level: number) => `Content-Type: multipart/mixed; boundary="${level}-"\n`;
    const inner = Array.from({ length: depth - 1 }, (_, level) => `\n--${level}-\n${field(level + 1)}`).join('');
    return Buffer.from(`${field(0)}${inner}\n--${depth - 1}-\n${part8Bit}`, 'latin1');
  }

  test('has more open boundaries than the limit of Postfix', () => {
    const downgrader = new MimeDowngrader();
    assert.ok(Buffer.concat([downgrader.push(nested(102)), downgrader.end()]).includes(partQuoted));
    assert.equal(downgrader.fault, undefined);
  });
  test('is a fault that is reported to the sender, and no further output follows', () => {
    const downgrader = new MimeDowngrader();
    const octets = downgrader.push(nested(103));
    assert.deepEqual(downgrader.fault, { status: '5.6.0', text: 'MIME nesting exceeds safety limit' });
    assert.ok(!octets.includes('quoted-printable'));
    assert.equal(downgrader.push(Buffer.from('more\n')).length, 0);
    assert.equal(downgrader.end().length, 0);
  });
  test('is detected if the content ends with the header, too', () => {
    const downgrader = new MimeDowngrader({ nestingLimit: 0 });
    downgrader.push(Buffer.from('Content-Type: multipart/mixed; boundary=a; boundary=b; boundary=c\n'));
    downgrader.end();
    assert.notEqual(downgrader.fault, undefined);
  });
  test('is not the same as several multiparts in sequence', () => {
    const one = `Content-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--c--\n`;
    const message = `Content-Type: multipart/mixed; boundary=b\n\n${`--b\n${one}`.repeat(200)}--b--\n`;
    assert.equal(downgrade(message), message);
  });
});

describe('a field of more than header_size_limit octets', () => {
  const long = `X-Long: ${'x'.repeat(3000)}\n ${'y'.repeat(3000)}\n`;

  test('passes completely', () => {
    assert.equal(downgrade(`${long}\nb\n`, { headerSizeLimit: 100 }), `${long}\nb\n`);
  });
  test('yields no boundary beyond the limit', () => {
    const message = `Content-Type: multipart/mixed; x=${'x'.repeat(100)}; boundary=b\n\n--b\n${part8Bit}`;
    assert.equal(downgrade(message, { headerSizeLimit: 100 }), message);
    assert.equal(downgrade(message, { headerSizeLimit: 200 }), message.replace(part8Bit, partQuoted));
  });
  test('is truncated if it is an encoding, as Postfix does with every field', () => {
    const field = 'Content-Transfer-Encoding: 7bit (';
    assert.equal(downgrade(`${field}${'x'.repeat(100)})\nA: b\n\n`, { headerSizeLimit: 33 }), `${field}\nA: b\n\n`);
  });
});
