/**
 * A web door in memory, for channels that speak to browsers: requests without HTTP, pages without
 * WebSockets. What a page was sent stands in `got`.
 */

import { EventEmitter, once } from 'node:events';
import type { Door, DoorAnswer, DoorRequest, Page } from '../../actors/machinery.js';
import type { Account } from '../../schemas/account.js';

export type Frame = Readonly<Record<string, unknown>>;

/** The browser's side of a page. */
export class TestPage {
  readonly got: Frame[] = [];
  readonly #changed = new EventEmitter();
  readonly #heard: ((frame: unknown) => void)[] = [];
  readonly #closed: (() => void)[] = [];
  readonly page: Page;

  constructor(account: Pick<Account, 'id' | 'name'>) {
    this.page = {
      account: account.id,
      name: account.name,
      backlog: () => 0,
      send: (frame) => {
        this.got.push(frame as Frame);
        this.#changed.emit('frame');
      },
      onFrame: (run) => void this.#heard.push(run),
      onClose: (run) => void this.#closed.push(run),
    };
  }

  say(frame: unknown): void {
    for (const run of this.#heard) run(frame);
  }

  close(): void {
    for (const run of this.#closed) run();
  }

  /** The first frame of this kind, when it has come. */
  async frame(kind: string): Promise<Frame> {
    for (;;) {
      const found = this.got.find((frame) => frame['kind'] === kind);
      if (found !== undefined) return found;
      await once(this.#changed, 'frame');
    }
  }
}

export class TestDoor implements Door {
  readonly url = 'http://localhost:2580';
  #handle: ((request: DoorRequest) => Promise<DoorAnswer>) | undefined;
  readonly #openers: ((page: Page) => void)[] = [];

  serve(handle: (request: DoorRequest) => Promise<DoorAnswer>): void {
    this.#handle = handle;
  }

  pages(open: (page: Page) => void): void {
    this.#openers.push(open);
  }

  open(account: Pick<Account, 'id' | 'name'>): TestPage {
    const page = new TestPage(account);
    for (const open of this.#openers) open(page.page);
    return page;
  }

  get(path: string, account?: Account, query: Record<string, string> = {}): Promise<DoorAnswer> {
    return this.request({ method: 'GET', path, account, query });
  }

  /** POST as a browser does: a form, or text. */
  async post(
    path: string,
    body: FormData | URLSearchParams | string,
    account?: Account,
  ): Promise<DoorAnswer> {
    const encoded = new Response(body);
    const bytes = new Uint8Array(await encoded.arrayBuffer());
    return this.request({
      method: 'POST',
      path,
      account,
      contentType: encoded.headers.get('content-type') ?? '',
      body: (maxBytes) => Promise.resolve(bytes.length > maxBytes ? undefined : bytes),
    });
  }

  request(given: Partial<DoorRequest>): Promise<DoorAnswer> {
    if (this.#handle === undefined) throw new Error('nothing serves this door');
    return this.#handle({
      method: 'GET',
      path: '',
      query: {},
      contentType: '',
      peer: '192.0.2.7',
      account: undefined,
      body: () => Promise.resolve(new Uint8Array()),
      ...given,
    });
  }
}
