import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readIncoming } from '../../functions/incoming/read-incoming.ts';
import type { Part, Reading } from '../../functions/incoming/reading.ts';
import { eventBridgeEvent, s3Event, s3Record, s3TestEvent, snsEnvelope } from '../support/front-door-messages.ts';

const rules = { allowFiles: false, defaultPort: 24, now: Date.UTC(2026, 10, 22, 8), messageBucket: 'messages' };

function readParts(value: unknown): readonly Part[] {
  return readIncoming({ messageId: 'sqs-1', body: JSON.stringify(value), sent: rules.now }, rules);
}

function read(value: unknown): Reading {
  const [part, ...others] = readParts(value);
  assert.equal(others.length, 0);
  assert.ok(part !== undefined);
  return part.reading;
}

function readObject(value: unknown) {
  const reading = read(value);
  assert.ok(reading.kind === 'object', JSON.stringify(reading));
  return reading;
}

for (const [how, value] of Object.entries({
  'by S3 itself': s3Event(),
  'by S3 through SNS': snsEnvelope(s3Event()),
  'by EventBridge': eventBridgeEvent(),
})) {
  test(`a written object is announced ${how}`, () => {
    const { identity, object } = readObject(value);
    assert.partialDeepStrictEqual(object, { bucket: 'messages', key: 'drop/a.eml' });
    assert.equal(Date.parse(object.arrival ?? ''), Date.UTC(2026, 10, 22, 7, 59, 30));
    assert.match(identity.id, /^s3-[0-9a-f]{40}$/);
  });
}

test('the same write is the same request, whichever service announces it; another write is another', () => {
  const written = { versionId: 'v1', etag: 'e' };
  const idOf = (value: unknown) => readObject(value).identity;
  assert.deepEqual(idOf(s3Event(s3Record(written))), idOf(eventBridgeEvent(written)));
  assert.deepEqual(idOf(s3Event()), idOf(eventBridgeEvent()));
  const others = [{ key: 'drop/b.eml' }, { bucket: 'other' }, { versionId: 'v2' }, { sequencer: '0B' }];
  const ids = [{}, ...others].map((object) => idOf(s3Event(s3Record(object))).id);
  assert.equal(new Set(ids).size, ids.length);
});

test('version and entity tag are those of the event', () => {
  const written = { versionId: 'v1', etag: 'd41d8cd98f00b204e9800998ecf8427e' };
  assert.partialDeepStrictEqual(readObject(s3Event(s3Record(written))).object, written);
  assert.partialDeepStrictEqual(readObject(eventBridgeEvent(written)).object, written);
});

test('an object of a bucket with suspended versioning has no version, and its writes are still distinguished', () => {
  const [one, two] = ['0A', '0B'].map((sequencer) => readObject(s3Event(s3Record({ versionId: 'null', sequencer }))));
  assert.ok(one !== undefined && two !== undefined);
  assert.ok(!('versionId' in one.object));
  assert.notEqual(one.identity.id, two.identity.id);
});

describe('keys', () => {
  const key = 'drop/caf\u00e9 & co+1 100%.eml';
  test('are decoded in events from S3', () => {
    const written = s3Record({ key });
    assert.match(JSON.stringify(written), /drop\/caf%C3%A9\+%26\+co%2B1\+100%25\.eml/);
    assert.equal(readObject(s3Event(written)).object.key, key);
  });
  test('are not decoded in events from EventBridge', () => {
    assert.equal(readObject(eventBridgeEvent({ key })).object.key, key);
    assert.equal(readObject(eventBridgeEvent({ key: 'drop/a+b%20c' })).object.key, 'drop/a+b%20c');
  });
  test('of any characters are read unchanged', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
        const written = `drop/${text}.eml`;
        assert.equal(readObject(s3Event(s3Record({ key: written }))).object.key, written);
      }),
    );
  });
  test('that are not encoded as S3 encodes them are corrupt', () => {
    const record = JSON.parse(JSON.stringify(s3Record()).replace('drop/a.eml', 'drop/%E9.eml'));
    const reading = read(s3Event(record));
    assert.ok(reading.kind === 'corrupt');
    assert.match(reading.error.message, /^Records\[0\]\.s3\.object\.key: "drop\/%E9\.eml" is not URL-encoded UTF-8/);
  });
});

describe('an object that is not mail is skipped, with a reason', () => {
  const cases: Readonly<Record<string, readonly [unknown, RegExp]>> = {
    "S3's test event": [s3TestEvent, /test event/],
    'the same in an envelope': [snsEnvelope(s3TestEvent), /test event/],
    'an object that was removed': [
      s3Event(s3Record({ eventName: 'ObjectRemoved:Delete' })),
      /^ObjectRemoved:Delete does not announce/,
    ],
    'the same from EventBridge': [
      eventBridgeEvent({}, { 'detail-type': 'Object Deleted' }),
      /^Object Deleted does not announce/,
    ],
    'a copy of a corrupt request': [
      s3Event(s3Record({ key: 'corrupt/x.json' })),
      /"corrupt\/x\.json" was written by this stack/,
    ],
    'mail that a notification contained': [
      s3Event(s3Record({ key: 'notified/x/y.eml' })),
      /"notified\/x\/y\.eml" was written by this stack/,
    ],
    'a report of ours': [eventBridgeEvent({ key: 'reports/x.eml' }), /"reports\/x\.eml" was written by this stack/],
    'a folder': [s3Event(s3Record({ key: 'drop/' })), /is a folder/],
    "SES's setup object": [s3Event(s3Record({ key: 'ses/AMAZON_SES_SETUP_NOTIFICATION' })), /setup notification/],
  };
  for (const [what, [value, reason]] of Object.entries(cases)) {
    test(what, () => {
      const reading = read(value);
      assert.ok(reading.kind === 'skipped', reading.kind);
      assert.match(reading.reason, reason);
    });
  }
});

test('an object below corrupt/ in a bucket of another owner is mail', () => {
  assert.equal(readObject(s3Event(s3Record({ bucket: 'other', key: 'corrupt/x.eml' }))).object.bucket, 'other');
});

test('each record of an event is a separate part, and can be sent again alone', () => {
  const records = [s3Record({ key: 'drop/1.eml' }), { eventSource: 'aws:sns' }, s3Record({ key: 'drop/3.eml' })];
  const parts = readParts(s3Event(...records));
  assert.deepEqual(
    parts.map(({ name, reading }) => [name, reading.kind]),
    [
      ['sqs-1.0', 'object'],
      ['sqs-1.1', 'corrupt'],
      ['sqs-1.2', 'object'],
    ],
  );
  const again = parts.map(({ body }) => read(JSON.parse(body)));
  assert.deepEqual(again[2], parts[2]?.reading);
  assert.equal(again[1]?.kind, 'corrupt');
});

describe('a field that only describes an object is left out if it cannot be used, with a warning', () => {
  const record: Record<string, unknown> = { ...s3Record({ versionId: 'v1', etag: 'e1' }) };
  const described = (name: string, value: unknown) => {
    const copy = JSON.parse(JSON.stringify(record));
    copy.s3.object[name] = value;
    return s3Event(copy);
  };
  const cases: Readonly<Record<string, readonly [unknown, RegExp]>> = {
    'a version that is a number': [described('versionId', 7), /^Records\[0\]\.s3\.object\.versionId: 7 is not allowed/],
    'an empty entity tag': [described('eTag', ''), /^Records\[0\]\.s3\.object\.eTag: "" is not allowed/],
    'a sequencer that is null': [described('sequencer', null), /^Records\[0\]\.s3\.object\.sequencer: null/],
    'a time that is not a time': [
      s3Event({ ...record, eventTime: {} }),
      /^Records\[0\]\.eventTime: \{\} is not allowed/,
    ],
    'a time without a zone': [
      s3Event({ ...record, eventTime: '2026-11-22T07:59:30' }),
      /^Records\[0\]\.eventTime: "2026-11-22T07:59:30" is not an RFC 3339 time/,
    ],
    'the time of EventBridge': [eventBridgeEvent({}, { time: 0 }), /^time: 0 is not allowed/],
  };
  for (const [what, [value, warning]] of Object.entries(cases)) {
    test(what, () => {
      const { object, warnings = [] } = readObject(value);
      assert.partialDeepStrictEqual(object, { bucket: 'messages', key: 'drop/a.eml' });
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? '', warning);
    });
  }

  test('nothing but bucket, key and kind of the event, whatever its value, keeps an object from being read', () => {
    const paths = [
      ...['eventVersion', 'awsRegion', 'eventTime', 'userIdentity', 'requestParameters', 'responseElements', 'more'],
    ];
    const odd = fc.oneof(
      fc.constantFrom<unknown>(null, {}, [], '', 0, true),
      fc.string(),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const inObject = fc.constantFrom('size', 'eTag', 'versionId', 'sequencer', 'more');
    fc.assert(
      fc.property(fc.constantFrom(...paths), inObject, odd, odd, (name, inner, one, other) => {
        const copy = JSON.parse(JSON.stringify({ ...record, [name]: one }));
        copy.s3.object[inner] = other;
        assert.partialDeepStrictEqual(readObject(s3Event(copy)).object, { bucket: 'messages', key: 'drop/a.eml' });
      }),
      { numRuns: 300 },
    );
  });

  test('writes that nothing else tells apart are told apart by their messages: none is taken for a duplicate', () => {
    const copy = JSON.parse(JSON.stringify({ ...s3Record(), eventTime: null }));
    delete copy.s3.object.sequencer;
    const body = JSON.stringify(s3Event(copy));
    const ids = ['sqs-1', 'sqs-1', 'sqs-2'].map((messageId) => {
      const [part] = readIncoming({ messageId, body, sent: rules.now }, rules);
      assert.ok(part?.reading.kind === 'object');
      return part.reading.identity.id;
    });
    assert.equal(ids[0], ids[1]);
    assert.notEqual(ids[0], ids[2]);
  });
});

describe('an unusable event is corrupt, and its field is named', () => {
  const cases: Readonly<Record<string, readonly [unknown, RegExp]>> = {
    'an event without records': [{ Records: [] }, /^Records: is empty/],
    'an event of more records than S3 sends': [
      s3Event(...Array(101).fill(s3Record())),
      /^Records: has 101 records; at most 100/,
    ],
    'records that are not a list': [{ Records: 'x' }, /^version: is missing/],
    'a record of SES': [
      s3Event({ eventSource: 'aws:ses', ses: {} }),
      /^Records\[0\]\.eventSource: "aws:ses" is not allowed/,
    ],
    'a record without an object': [
      s3Event({ ...s3Record(), s3: { bucket: { name: 'x' } } }),
      /^Records\[0\]\.s3\.object: is missing/,
    ],
    'an empty key': [eventBridgeEvent({ key: '' }), /^detail\.object\.key: "" is not allowed/],
    'an event of another source': [eventBridgeEvent({}, { source: 'aws.ec2' }), /^source: "aws\.ec2" is not allowed/],
    'an event without detail': [eventBridgeEvent({}, { detail: undefined }), /^detail: is missing/],
  };
  for (const [what, [value, reason]] of Object.entries(cases)) {
    test(what, () => {
      const reading = read(value);
      assert.ok(reading.kind === 'corrupt', reading.kind);
      assert.match(reading.error.message, reason);
    });
  }
});
