import { day, type Row, second } from './row.ts';

const actions = ['deliver', 'hold', 'bounce', 'discard'] as const;

/** Mail that Amazon SES received. */
export const receivingRows = {
  ses_spam_action: {
    kind: 'choice',
    default: 'deliver',
    allowed: actions,
    meaning:
      'What happens to mail whose spamVerdict of Amazon SES is FAIL: it is delivered, held for ses_hold_time, bounced with 5.7.1, or discarded with an event. GRAY and PROCESSING_FAILED are delivered, with a warning in the log.',
    differs: 'Ours: Postfix asks a milter or a content filter.',
  },
  ses_virus_action: {
    kind: 'choice',
    default: 'hold',
    allowed: actions,
    meaning: 'The same for its virusVerdict. If both verdicts are FAIL, this action decides, unless it is deliver.',
    differs: 'Ours: Postfix asks a milter or a content filter.',
  },
  ses_hold_time: {
    kind: 'time',
    default: '14d',
    min: second,
    max: 100 * day,
    meaning:
      'How long mail is held for a verdict of Amazon SES. Then it is dropped with an event, unless an operator released it; its sender, which may be forged, is not told.',
    differs: 'Ours: mail that Postfix holds stays until postsuper releases it.',
  },
} as const satisfies Record<string, Row>;
