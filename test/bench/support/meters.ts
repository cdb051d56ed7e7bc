/** Counts what the functions of a local stack consume of all that AWS charges for. */
import { type CostedFunction, costedFunctions, type Figures } from '../../../infra/cost/measurement.ts';
import type { RecordedRequest } from '../../../infra/local/calls/recorded-request.ts';
import type { LocalStack } from '../../../infra/local/stack.ts';
import { startCapacityMeter } from './capacity-meter.ts';
import { processTime } from './process-time.ts';

const counters = [
  'sqsStandard',
  'sqsFifo',
  's3Gets',
  's3Puts',
  'snsPublishes',
  'readUnits',
  'writeUnits',
  'indexUnits',
] as const;

/** All counters at one moment. */
export interface Reading {
  readonly counted: Readonly<Record<(typeof counters)[number], number>>;
  readonly functions: Figures['functions'];
  readonly logOctets: number;
}

/** Meters of one stack. */
export class Meters implements AsyncDisposable {
  /** Where the functions find their table. */
  readonly tableEndpoint: string;
  readonly #close: () => Promise<void>;
  readonly #counted = Object.fromEntries(counters.map((name) => [name, 0])) as Record<
    (typeof counters)[number],
    number
  >;
  readonly #calls = perFunction(() => 0);
  readonly #invocations = perFunction(() => 0);
  #stack: LocalStack | undefined;

  private constructor(tableEndpoint: string, close: () => Promise<void>) {
    this.tableEndpoint = tableEndpoint;
    this.#close = close;
  }

  /** Starts what the stack needs beforehand. */
  static async start(): Promise<Meters> {
    const { endpoint, close } = await startCapacityMeter(
      () => meters.#stack?.environment['AWS_ENDPOINT_URL_DYNAMODB'] ?? '',
      ({ caller, readUnits, writeUnits, indexUnits }) => {
        if (!isCosted(caller)) return;
        meters.#calls[caller] += 1;
        meters.#add({ readUnits, writeUnits, indexUnits });
      },
    );
    const meters = new Meters(endpoint, close);
    return meters;
  }

  /** Begins to count. */
  attach(stack: LocalStack): void {
    this.#stack = stack;
    for (const name of costedFunctions) {
      const target = stack.functions[name];
      const invoke = target.invoke.bind(target);
      target.invoke = (event) => {
        this.#invocations[name] += 1;
        return invoke(event);
      };
    }
  }

  /** Counts requests to the services other than the table. */
  readonly hear = (request: RecordedRequest): void => {
    const { caller, service, method, url, body } = request;
    if (!isCosted(caller) || service === 'dynamodb') return;
    this.#calls[caller] += 1;
    if (service === 'sqs') {
      const isFifo = /"QueueUrl":"[^"]*\.fifo"/.test(body);
      this.#add({ [isFifo ? 'sqsFifo' : 'sqsStandard']: Math.max(1, Math.ceil(body.length / 65_536)) });
    } else if (service === 'sns') this.#add({ snsPublishes: 1 });
    else if (service === 's3' && (method === 'PUT' || method === 'POST' || url.includes('list-type'))) {
      this.#add({ s3Puts: 1 });
    } else if (service === 's3' && method !== 'DELETE') this.#add({ s3Gets: 1 });
  };

  /** Returns all counters as of now. */
  read(): Reading {
    const stack = this.#stack;
    if (stack === undefined) throw new Error('no stack is attached');
    const functions = perFunction((name) => ({
      invocations: this.#invocations[name],
      calls: this.#calls[name],
      cpu: stack.functions[name].containers.reduce((sum, { pid = 0 }) => sum + processTime(pid), 0),
    }));
    const lines = stack.log.items.filter(({ functionName }) => isCosted(functionName));
    const logOctets = lines.reduce((sum, { line }) => sum + Buffer.byteLength(line) + 1, 0);
    return { counted: { ...this.#counted }, functions, logOctets };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  #add(amounts: Partial<Record<(typeof counters)[number], number>>): void {
    for (const name of counters) this.#counted[name] += amounts[name] ?? 0;
  }
}

/** Returns what one delivery consumed, between two readings. */
export function figuresBetween(before: Reading, after: Reading, deliveries: number): Figures {
  const each = (amount: number) => amount / deliveries;
  const counted = Object.fromEntries(counters.map((name) => [name, each(after.counted[name] - before.counted[name])]));
  return {
    functions: perFunction((name) => {
      const [from, to] = [before.functions[name], after.functions[name]];
      return {
        invocations: each(to.invocations - from.invocations),
        cpu: each(to.cpu - from.cpu),
        calls: each(to.calls - from.calls),
      };
    }),
    ...(counted as Reading['counted']),
    logOctets: each(after.logOctets - before.logOctets),
  };
}

function isCosted(name: string): name is CostedFunction {
  return (costedFunctions as readonly string[]).includes(name);
}

function perFunction<T>(make: (name: CostedFunction) => T): Record<CostedFunction, T> {
  return { qmgr: make('qmgr'), lmtp: make('lmtp'), bounce: make('bounce'), sweep: make('sweep') };
}
