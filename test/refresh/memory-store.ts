import { createHash } from 'node:crypto';
import { RefusalError } from '../../lib/contract/errors.ts';
import { checkObjectName } from '../../lib/stores/object-name.ts';
import type { Store, Stored, Token } from '../../lib/stores/store.ts';

/** One call to a store, as it stands in the log. */
export interface Call {
  readonly store: string;
  readonly do: 'get' | 'putIf' | 'list';
  /** Empty for a listing. */
  readonly name: string;
}

/** Runs before or after a call. What it throws, the caller gets: before the call nothing was done; after it, only the answer is lost. */
export type Hook = (call: Call) => void | Promise<void>;

/** A store in memory. A token names the content, as an ETag and the directory's token do. */
export class MemoryStore implements Store {
  readonly objects = new Map<string, Uint8Array>();
  readonly calls: Call[] = [];
  /** What happened, in the order of all stores and keys that share the list: `hosting putIf timestamp.json`. */
  readonly log: string[];
  before: Hook = () => undefined;
  after: Hook = () => undefined;
  private readonly label: string;

  constructor(label: string, log: string[] = []) {
    this.label = label;
    this.log = log;
  }

  get(name: string, maxBytes: number): Promise<Stored | undefined> {
    return this.call('get', name, () => {
      const bytes = this.objects.get(name);
      if (bytes === undefined) return undefined;
      if (bytes.length > maxBytes) throw new RefusalError('TOO_LARGE', `${name} is larger than ${maxBytes} bytes.`);
      return { bytes, token: tokenOf(bytes) };
    });
  }

  putIf(name: string, bytes: Uint8Array, expected: Token | 'absent'): Promise<'stored' | 'changed'> {
    return this.call('putIf', name, () => {
      const old = this.objects.get(name);
      if ((old === undefined ? 'absent' : tokenOf(old)) !== expected) return 'changed';
      this.objects.set(name, Uint8Array.from(bytes));
      return 'stored';
    });
  }

  list(): Promise<readonly string[]> {
    return this.call('list', '', () => Array.from(this.objects.keys()));
  }

  /** Everything in it, to compare: name to content. */
  contents(): Record<string, string> {
    return Object.fromEntries(
      Array.from(this.objects, ([name, bytes]) => [name, Buffer.from(bytes).toString('latin1')] as const).sort(),
    );
  }

  /** How often objects were written. */
  get puts(): number {
    return this.calls.filter((call) => call.do === 'putIf').length;
  }

  private async call<T>(what: Call['do'], name: string, action: () => T): Promise<T> {
    if (what !== 'list') checkObjectName(name);
    const call: Call = { store: this.label, do: what, name };
    this.calls.push(call);
    this.log.push(`${this.label} ${what} ${name}`.trim());
    await this.before(call);
    const answer = action();
    await this.after(call);
    return answer;
  }
}

function tokenOf(bytes: Uint8Array): Token {
  return createHash('sha256').update(bytes).digest('hex') as Token;
}
