import type { Row } from './row.ts';

/** Changes to a message before it is sent. */
export const contentRows = {
  lmtp_flags: {
    kind: 'flags',
    default: '',
    allowed: ['D', 'O', 'R', 'X'],
    meaning:
      'D = add Delivered-To, and bounce a message that has the same one already; O = add X-Original-To (both need lmtp_destination_recipient_limit=1); R = add Return-Path; X = this delivery is final.',
    differs: 'In Postfix these are the flags= of the transport in master.cf.',
  },
  lmtp_line_length_limit: {
    kind: 'number',
    default: '998',
    min: 0,
    max: 1_000_000,
    meaning: 'Longest content line in octets; longer lines are split with CRLF and a blank; 0 = no limit.',
  },
  disable_mime_output_conversion: {
    kind: 'switch',
    default: 'no',
    meaning: 'Never convert 8-bit content to quoted-printable, even where the server lacks 8BITMIME.',
  },
  message_drop_headers: {
    kind: 'words',
    default: 'bcc, content-length, resent-bcc, return-path',
    pattern: /^[\x21-\x39\x3b-\x7e]+$/,
    wanted: 'the name of a header field, without the colon',
    meaning: "Fields that are removed from the message's own header.",
  },
  mime_nesting_limit: {
    kind: 'number',
    default: '100',
    min: 1,
    max: 10_000,
    meaning:
      'Deepest nesting of multipart content: deeper parts are not inspected, and bounce where content is converted (5.6.0).',
  },
  mime_boundary_length_limit: {
    kind: 'size',
    default: '2048',
    min: 1,
    max: 1_000_000,
    meaning: 'Octets of a multipart boundary that are compared.',
  },
  header_size_limit: {
    kind: 'size',
    default: '102400',
    min: 1,
    max: 100_000_000,
    meaning: 'Longest header field, in octets; the rest is removed.',
  },
} as const satisfies Record<string, Row>;
