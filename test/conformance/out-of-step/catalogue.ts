/**
 * The scenarios, by family. Where all combinations would be too many, server decisions and endings alternate,
 * so that each place of a fault meets several of both.
 */
import { type Decision, type Ending, type Fault, nameOf, type Position, type Scenario, type Slip } from './scenario.ts';

/** Scenarios of one kind. */
export interface Family {
  readonly about: string;
  readonly scenarios: readonly Scenario[];
}

type Draft = Omit<Scenario, 'name' | 'messages'> & { readonly messages?: number };

const at = (place: Position['place'], nth?: number): Position => (nth === undefined ? { place } : { place, nth });
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);
const isDecision = (letter: string): letter is Decision => 'KRFrf'.includes(letter);
const decide = (letters: string) => [...letters].filter(isDecision);

/** What a server may decide about so many recipients: all alike, each mixture, some refused at RCPT. */
function truths(recipients: number): readonly (readonly Decision[])[] {
  const patterns = ['KKKKK', 'KRKFR', 'RKFRK', 'FKRKK', 'RRRRR', 'KrKRf', 'rKfKR'];
  return [...new Set(patterns.map((pattern) => pattern.slice(0, recipients)))].map(decide);
}

const acceptedCount = (decisions: readonly Decision[]) => decisions.filter((letter) => 'KRF'.includes(letter)).length;

/** Alternates between values; each `key` alternates separately, so that two alternating things do not always meet. */
class Turns {
  readonly #next = new Map<string, number>();

  /** Returns the next of several values. */
  of<T>(choices: readonly T[], key = ''): T {
    const next = this.#next.get(key) ?? 0;
    this.#next.set(key, next + 1);
    const chosen = [...choices.entries()][next % choices.length];
    if (chosen === undefined) throw new RangeError('there is nothing to choose');
    return chosen[1];
  }
}

const atOnce = (what: Ending['what']): Ending => ({ what, when: 'at once' });
const behindFinals = (what: Ending['what']): Ending => ({ what, when: 'behind the finals' });
const endings: readonly (Ending | undefined)[] = [
  undefined,
  atOnce('421'),
  atOnce('close'),
  behindFinals('421 and close'),
  behindFinals('close'),
];
/** An ending after the final replies does not exist before the content, nor where no content is sent. */
const early: readonly (Ending | undefined)[] = [undefined, atOnce('421'), atOnce('close'), atOnce('421 and close')];

/** Two messages, so that the second one meets a leftover reply; one message where the first costs a time-out. */
function make({ fault, ...draft }: Draft): Scenario {
  const isSlow = fault?.slip.kind === 'missing' || fault?.ending?.what === 'silence';
  const messages = draft.messages ?? (isSlow && fault.at.place !== 'RSET' ? 1 : 2);
  const whole = { ...draft, messages, ...(fault === undefined ? {} : { fault }) };
  return { name: nameOf(whole), ...whole };
}

function makeFault(position: Position, slip: Slip, ending?: Ending): Fault {
  return ending === undefined ? { at: position, slip } : { at: position, slip, ending };
}

/** Whether the first message has enough accepted recipients to meet the fault. */
const isMet = ({ fault, decisions }: Draft) =>
  fault?.at.place !== 'final' || (fault.at.nth ?? 0) < acceptedCount(decisions);

/** A fault at every position of one to five recipients, with PIPELINING and without, with alternating endings. */
function everywhere(
  positions: (recipients: number) => readonly Position[],
  slips: readonly Slip[],
  ends: readonly (Ending | undefined)[],
  counts: readonly number[] = [1, 2, 3, 4, 5],
): readonly Scenario[] {
  const turns = new Turns();
  const drafts: Draft[] = [];
  for (const recipients of counts) {
    for (const position of positions(recipients)) {
      for (const slip of slips) {
        // With few recipients every ending and both ways, else one of each in turn.
        for (const _ of recipients < 3 ? ends : ends.slice(0, 1)) {
          const ending = turns.of(ends, 'ending');
          for (const pipelining of recipients < 3 ? [true, false] : [turns.of([true, true, false])]) {
            const fault = makeFault(position, slip, ending);
            const fitting = truths(recipients).filter((decisions) => isMet({ fault, decisions, pipelining }));
            drafts.push({ decisions: turns.of(fitting, `truth ${pipelining}`), pipelining, fault });
          }
        }
      }
    }
  }
  return drafts.filter(isDecidable).map(make);
}

/**
 * Whether the replies alone tell what happened. Where a final reply is withheld and the server then closes,
 * its line looks like the reply to RSET of a server that then closes: only time distinguishes the two, and a
 * test must not depend on that.
 */
function isDecidable({ fault }: Draft): boolean {
  if (fault === undefined || fault.at.place !== 'final' || fault.ending === undefined) return true;
  return !('gap' in fault.slip && fault.slip.gap === 'later');
}

const twice: readonly Slip[] = [
  { kind: 'twice', gap: 'at once' },
  { kind: 'twice', gap: 'later' },
];
const extra = (...lines: readonly string[]): readonly Slip[] =>
  lines.flatMap((line) => [
    { kind: 'before', line, gap: 'at once' },
    { kind: 'before', line, gap: 'later' },
  ]);
const behind = (...lines: readonly string[]): readonly Slip[] =>
  lines.flatMap((line) => [
    { kind: 'behind', line, gap: 'at once' },
    { kind: 'behind', line, gap: 'later' },
  ]);

const opening = () => [at('greeting'), at('LHLO')];
const rcpts = (recipients: number) => upTo(recipients).map((nth) => at('RCPT', nth));
const finals = (recipients: number) => upTo(recipients).map((nth) => at('final', nth));
const strays = ['250 2.0.0 what', '550 5.0.0 no', '150 filing', '354 more', '421 4.3.2 leaving'];

/** Every reply in its place, with all decisions of the server. */
function controls(): readonly Scenario[] {
  const drafts = [1, 2, 3, 4, 5].flatMap((recipients) =>
    truths(recipients).flatMap((decisions) =>
      [true, false].flatMap((pipelining): Draft[] => [
        { decisions, pipelining, isExact: true, connections: 1, messages: 3 },
        { decisions, pipelining, isExact: true, connections: 1, isPaced: true },
        { decisions, pipelining, isExact: true, connections: 1, isNaming: true },
      ]),
    ),
  );
  const refused = (['MAIL', 'DATA'] as const).flatMap((refusedAt) =>
    [1, 3].flatMap((count) =>
      [true, false].map(
        (pipelining): Draft => ({
          decisions: upTo(count).map(() => 'R'),
          pipelining,
          refusedAt,
          isExact: true,
          messages: 1,
        }),
      ),
    ),
  );
  return [...drafts, ...refused].map(make);
}

/** The server closes, with every reply in its place. */
function goodbyes(): readonly Scenario[] {
  const turns = new Turns();
  const leavings = (['421', '421 and close', '221 and close', 'close'] as const).map(atOnce);
  const nothing: Slip = { kind: 'nothing' };
  const drafts: Draft[] = [];
  for (const recipients of [1, 2, 3]) {
    for (const pipelining of [true, false]) {
      for (const ending of leavings) {
        const before = [...opening(), at('MAIL'), ...rcpts(recipients), at('DATA'), ...finals(recipients - 1)];
        for (const position of before) {
          const fault = makeFault(position, nothing, ending);
          const fitting = truths(recipients).filter((decisions) => isMet({ fault, decisions, pipelining }));
          drafts.push({ decisions: turns.of(fitting), pipelining, fault, messages: 1 });
        }
        // After the last final reply, after RSET, and between two messages: the replies received are final.
        for (const position of [at('final', recipients - 1), at('RSET'), at('parked')]) {
          const fault = makeFault(position, nothing, ending);
          const fitting = truths(recipients).filter((decisions) => acceptedCount(decisions) === recipients);
          drafts.push({ decisions: turns.of(fitting), pipelining, fault, isExact: true });
        }
      }
      const fault = makeFault(at('RSET'), { kind: 'instead', line: '421 4.3.2 leaving' }, atOnce('close'));
      drafts.push({ decisions: turns.of(truths(recipients)), pipelining, fault, isExact: true });
    }
  }
  return drafts.map(make);
}

/** A code that does not belong to its command. */
function codes(): readonly Scenario[] {
  const odd: readonly (readonly [Position, readonly string[]])[] = [
    [at('LHLO'), ['220 store.test', '251 store.test', '354 store.test', '150 store.test', '600 store.test']],
    [at('RSET'), ['200 ok', '220 ok', '252 ok', '354 ok', '150 ok', '450 ok', '502 no', '550 no', '221 ok']],
    [at('MAIL'), ['253 ok', '220 ok', '354 ok', '150 ok', '650 no']],
    [at('RCPT', 0), ['253 ok', '220 ok', '354 ok', '150 ok', '650 no']],
    [at('DATA'), ['250 ok', '350 ok', '150 ok', '650 no']],
    [at('final', 0), ['221 bye', '354 more', '150 filing', '650 no', 'saved']],
    [at('final', 1), ['221 bye', '354 more', '150 filing', '650 no', 'saved']],
  ];
  const turns = new Turns();
  return odd.flatMap(([position, lines]) =>
    lines.flatMap((line) =>
      upTo(3).map((count) => {
        const fault = makeFault(position, { kind: 'instead', line });
        const fitting = truths(3).filter((decisions) => isMet({ fault, decisions, pipelining: true }));
        return make({ decisions: turns.of(fitting), pipelining: count % 2 === 0, fault });
      }),
    ),
  );
}

/** Final replies one by one, as from a server that stores for one recipient after the other. */
function paced(): readonly Scenario[] {
  const slips = [...twice, ...extra('250 2.0.0 what', '550 5.0.0 no', '452 4.2.2 wait'), { kind: 'missing' } as const];
  const turns = new Turns();
  return [1, 2, 3].flatMap((recipients) =>
    finals(recipients).flatMap((position) =>
      slips.flatMap((slip) => {
        const fault = makeFault(position, slip);
        const fitting = truths(recipients).filter((decisions) => isMet({ fault, decisions, pipelining: true }));
        return fitting
          .slice(0, 4)
          .map(() => make({ decisions: turns.of(fitting), pipelining: true, isPaced: true, fault }));
      }),
    ),
  );
}

/** One final reply too few, and the server waits: at every place, with all decisions. */
function tooFew(): readonly Scenario[] {
  const silence: Ending = { what: 'silence', when: 'at once' };
  return [2, 3].flatMap((recipients) =>
    finals(recipients).flatMap((position) =>
      truths(recipients).flatMap((decisions) =>
        [makeFault(position, { kind: 'missing' }), makeFault(position, { kind: 'nothing' }, silence)]
          .map((fault): Draft => ({ decisions, pipelining: true, fault }))
          .filter(isMet)
          .map(make),
      ),
    ),
  );
}

/** Final replies that name their recipient, as Dovecot's do. */
function naming(): readonly Scenario[] {
  const slips = [...twice, ...extra('250 2.0.0 what'), { kind: 'missing' } as const];
  const turns = new Turns();
  return [2, 3].flatMap((recipients) =>
    finals(recipients).flatMap((position) =>
      slips.flatMap((slip) =>
        [undefined, atOnce('close'), behindFinals('close'), behindFinals('421')].flatMap((ending) => {
          const fault = makeFault(position, slip, ending);
          const fitting = truths(recipients).filter((decisions) => isMet({ fault, decisions, pipelining: true }));
          return upTo(2).map(() => make({ decisions: turns.of(fitting), pipelining: true, isNaming: true, fault }));
        }),
      ),
    ),
  );
}

/** The fault is in the second transaction of each connection. */
function warm(): readonly Scenario[] {
  const turns = new Turns();
  const positions = [at('MAIL'), at('RCPT', 0), at('RCPT', 1), at('DATA'), at('final', 0), at('final', 1)];
  const slips = [...twice, ...extra('250 2.0.0 what', '550 5.0.0 no'), { kind: 'missing' } as const];
  return positions.flatMap((position) =>
    slips.flatMap((slip) =>
      [true, false].map((pipelining) => {
        const ending = turns.of(endings);
        const fault = { ...makeFault(position, slip, ending), transaction: 2 };
        return make({ decisions: turns.of(truths(2)), pipelining, fault, messages: 3 });
      }),
    ),
  );
}

/** A server that is out of step once only: a fresh connection delivers the mail in the same attempt. */
function mended(): readonly Scenario[] {
  return [...opening()].flatMap((position) =>
    [1, 3].flatMap((recipients) =>
      truths(recipients).map((decisions) => {
        const fault: Fault = { at: position, slip: { kind: 'twice', gap: 'at once' }, once: true };
        return make({ decisions, pipelining: true, fault, isExact: true, connections: 2 });
      }),
    ),
  );
}

/** A large message, and a verdict on it long before the dot. */
function tooLarge(): readonly Scenario[] {
  const size = 8 * 1024 * 1024;
  const line = '552 5.3.4 too large';
  const slips: readonly Slip[] = [
    { kind: 'before', line, gap: 'at once' },
    { kind: 'instead', line },
  ];
  return slips.flatMap((slip) =>
    [undefined, atOnce('close')].flatMap((ending) =>
      ['K', 'KRK'].map((letters) => {
        const fault = makeFault(at('content'), slip, ending);
        return make({ decisions: decide(letters), pipelining: true, fault, size, messages: 1 });
      }),
    ),
  );
}

const everything: readonly Family[] = [
  { about: 'every reply in its place', scenarios: controls() },
  { about: 'a server that closes, with every reply in its place', scenarios: goodbyes() },
  { about: 'greeting or LHLO answered twice', scenarios: everywhere(opening, twice, early) },
  { about: 'MAIL or RCPT answered twice', scenarios: everywhere((n) => [at('MAIL'), ...rcpts(n)], twice, endings) },
  {
    about: '354 twice, at once or 60 ms later',
    scenarios: everywhere(() => [at('DATA')], [...twice, { kind: 'twice', gap: 'meanwhile' }], endings),
  },
  {
    about: 'a line after the 354, in its packet or 60 ms later',
    scenarios: everywhere(() => [at('DATA')], behind('250 2.0.0 what', '550 5.0.0 no'), [
      undefined,
      ...endings.slice(3),
    ]),
  },
  {
    about: 'a greeting, or a reply to LHLO, MAIL, RCPT or DATA missing',
    scenarios: everywhere((n) => [...opening(), at('MAIL'), ...rcpts(n), at('DATA')], [{ kind: 'missing' }], early),
  },
  {
    about: 'a stray line before a reply before the content',
    scenarios: everywhere(
      (n) => [...opening(), at('MAIL'), ...rcpts(n), at('DATA')],
      extra(...strays),
      [undefined],
      [1, 3],
    ),
  },
  {
    about: 'a stray line after a reply before the content',
    scenarios: everywhere(
      (n) => [at('LHLO'), at('MAIL'), ...rcpts(n), at('DATA')],
      behind(...strays),
      [undefined],
      [2],
    ),
  },
  { about: '150 before a final reply', scenarios: everywhere(finals, extra('150 filing'), endings) },
  { about: 'a final reply sent twice', scenarios: everywhere(finals, twice, endings) },
  {
    about: 'one final reply too many',
    scenarios: everywhere(finals, extra('250 2.0.0 what', '550 5.0.0 no', '452 4.2.2 wait'), endings, [1, 2, 3]),
  },
  { about: 'a final reply missing', scenarios: everywhere(finals, [{ kind: 'missing' }], endings) },
  { about: 'too few final replies, and a server that waits', scenarios: tooFew() },
  { about: 'final replies one by one, and one too many or too few', scenarios: paced() },
  { about: 'final replies with names, and one too many or too few', scenarios: naming() },
  {
    about: 'RSET answered twice, not at all, or with a stray line',
    scenarios: everywhere(() => [at('RSET')], [...twice, { kind: 'missing' }, ...extra(...strays)], early, [1, 2]),
  },
  { about: 'a code that does not belong to its command', scenarios: codes() },
  { about: 'a fault in the second transaction of a session', scenarios: warm() },
  { about: 'greeting or LHLO answered twice, once: a fresh connection delivers the mail', scenarios: mended() },
  { about: 'a verdict on a large message before its dot', scenarios: tooLarge() },
];

/** Alternation returns to the same scenario where there are few choices; each is played once. */
function withoutTwins(given: readonly Family[]): readonly Family[] {
  const names = new Set<string>();
  return given.map(({ about, scenarios }) => ({
    about,
    scenarios: scenarios.filter(({ name }) => !names.has(name) && names.add(name)),
  }));
}

/** All families. */
export const families: readonly Family[] = withoutTwins(everything);
