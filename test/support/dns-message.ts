/** DNS messages (RFC 1035 section 4): parses a question, composes the answer of a zone. */

/** The records of one name. A missing type is NODATA. */
export interface DnsRecords {
  readonly A?: readonly string[];
  readonly AAAA?: readonly string[];
  /** The name that this one is an alias of. */
  readonly CNAME?: string;
  /** Preference and host. */
  readonly MX?: readonly (readonly [number, string])[];
  /** Priority, weight, port and host. */
  readonly SRV?: readonly (readonly [number, number, number, string])[];
}

/** A name with another kind of answer: an error, or none at all. */
export type DnsFailure = { readonly rcode: DnsResponseCode } | { readonly drop: true };

/** All names that exist, in lower case; any other is NXDOMAIN. */
export type DnsZone = Readonly<Record<string, DnsRecords | DnsFailure>>;

const responseCodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
export type DnsResponseCode = keyof typeof responseCodes;

const recordTypes = { A: 1, CNAME: 5, MX: 15, AAAA: 28, SRV: 33 } as const;
type RecordType = keyof typeof recordTypes;

/** The one question of a query. */
export interface DnsQuestion {
  readonly id: number;
  /** In lower case, without the last dot. */
  readonly name: string;
  /** Number of the record type. */
  readonly type: number;
  /** Octets of the question section, for the answer. */
  readonly section: Buffer;
}

interface DnsRecord {
  readonly name: string;
  readonly type: RecordType;
  readonly data: Buffer;
}

/** Parses a query. Undefined if it cannot be answered. */
export function parseQuestion(message: Buffer): DnsQuestion | undefined {
  if (message.length < 12 || message.readUInt16BE(4) < 1) return undefined;
  const labels: string[] = [];
  let at = 12;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  if (at + 5 > message.length) return undefined;
  return {
    id: message.readUInt16BE(0),
    name: labels.join('.').toLowerCase(),
    type: message.readUInt16BE(at + 1),
    section: message.subarray(12, at + 5),
  };
}

/** Composes the answer. Undefined if the zone drops the query. */
export function composeAnswer(question: DnsQuestion, zone: DnsZone): Buffer | undefined {
  const entry = Object.hasOwn(zone, question.name) ? zone[question.name] : undefined;
  if (entry === undefined) return composeMessage(question, 'NXDOMAIN', []);
  if ('drop' in entry) return undefined;
  if ('rcode' in entry) return composeMessage(question, entry.rcode, []);
  return composeMessage(question, 'NOERROR', findRecords(question.name, question.type, zone));
}

/** An answer that only says that the whole does not fit and must be requested by TCP (RFC 1035 section 4.2.1). */
export function composeTruncated(question: DnsQuestion): Buffer {
  const message = composeMessage(question, 'NOERROR', []);
  message.writeUInt16BE(message.readUInt16BE(2) | 0x0200, 2);
  return message;
}

/** Returns the records of a name, along its aliases, at most eight steps. */
function findRecords(name: string, type: number, zone: DnsZone, steps = 8): DnsRecord[] {
  const entry = Object.hasOwn(zone, name) ? zone[name] : undefined;
  if (entry === undefined || 'drop' in entry || 'rcode' in entry || steps === 0) return [];
  if (entry.CNAME === undefined) return recordsOf(name, entry).filter((record) => recordTypes[record.type] === type);
  const alias: DnsRecord = { name, type: 'CNAME', data: encodeName(entry.CNAME) };
  const target = entry.CNAME.toLowerCase();
  return [alias, ...(type === recordTypes.CNAME ? [] : findRecords(target, type, zone, steps - 1))];
}

function recordsOf(name: string, { A = [], AAAA = [], MX = [], SRV = [] }: DnsRecords): DnsRecord[] {
  return [
    ...A.map((address): DnsRecord => ({ name, type: 'A', data: Buffer.from(address.split('.').map(Number)) })),
    ...AAAA.map((address): DnsRecord => ({ name, type: 'AAAA', data: encodeAddress6(address) })),
    ...MX.map(
      ([preference, host]): DnsRecord => ({
        name,
        type: 'MX',
        data: Buffer.concat([encodeNumbers(preference), encodeName(host)]),
      }),
    ),
    ...SRV.map(
      ([priority, weight, port, host]): DnsRecord => ({
        name,
        type: 'SRV',
        data: Buffer.concat([encodeNumbers(priority, weight, port), encodeName(host)]),
      }),
    ),
  ];
}

/** QR, AA, RD and RA: an authoritative answer, to a resolver that asked for recursion. */
const flags = 0x8580;

function composeMessage(question: DnsQuestion, rcode: DnsResponseCode, records: readonly DnsRecord[]): Buffer {
  const header = encodeNumbers(question.id, flags | responseCodes[rcode], 1, records.length, 0, 0);
  return Buffer.concat([header, question.section, ...records.map(encodeRecord)]);
}

function encodeRecord({ name, type, data }: DnsRecord): Buffer {
  // Class IN, and a time to live of 60 s in two halves.
  return Buffer.concat([encodeName(name), encodeNumbers(recordTypes[type], 1, 0, 60, data.length), data]);
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.flatMap((label) => [Buffer.from([label.length]), Buffer.from(label)]),
    Buffer.alloc(1),
  ]);
}

/** 16-bit numbers in network order. */
function encodeNumbers(...numbers: number[]): Buffer {
  const octets = Buffer.alloc(2 * numbers.length);
  numbers.forEach((number, index) => {
    octets.writeUInt16BE(number, 2 * index);
  });
  return octets;
}

/** RFC 4291 section 2.2, forms 1 and 2. */
function encodeAddress6(address: string): Buffer {
  const [before = '', after] = address.split('::');
  const groups = (text: string) =>
    text
      .split(':')
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16));
  const head = groups(before);
  const tail = after === undefined ? [] : groups(after);
  return encodeNumbers(...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail);
}
