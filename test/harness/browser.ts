/**
 * A real browser for tests: Debian's Chromium, driven by playwright-core.
 *
 * Stages: one browser for a test file · a page for each thing that is looked at, with a profile of
 * its own · everything closed at the end. Each page writes down every request it makes and every
 * complaint it utters. Invariants: the browser finds nothing but this computer, whatever a page
 * asks for; it asks for nothing on its own.
 *
 * Screenshots are kept in PATCHBOARD_TEST_SCREENSHOTS, or in a folder whose name is printed.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { atEnd } from './at-end.js';
import { serviceFor } from './services.js';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Whatever a hostile page names, nobody outside is asked.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]',
];
const HEIGHT = 860;
const HEIGHT_NARROW = 844;
const NARROW = 640;
/** Of one wait on a page; what is quick is measured and printed instead. */
const WAIT_MS = 15_000;
/** Movements that take no longer are over in a picture. */
const SHORT_MS = 3000;
const STILL = `Promise.allSettled(
  document.getAnimations()
    .filter((one) => one.effect.getComputedTiming().endTime <= ${SHORT_MS})
    .map((one) => one.finished),
).then(() => undefined)`;
/** What axe-core calls findings that keep people out. */
const HEAVY = new Set(['serious', 'critical']);

export interface Asked {
  readonly url: string;
  /** "document", "script", "fetch", "websocket", … */
  readonly type: string;
}

export interface PageOptions {
  readonly width: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
  /** As a person set it who gets sick of moving pictures. */
  readonly reducedMotion?: 'reduce';
  /** Another page of the same person, with the same cookies. */
  readonly beside?: OpenPage;
}

/** One page, and what it has done. */
export interface OpenPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Every request and every WebSocket so far. */
  readonly asked: readonly Asked[];
  /** Errors in its console, and exceptions nobody caught. */
  readonly complaints: readonly string[];
  /** Keeps a picture of the whole page under this name; resolves to its path. */
  shot(name: string): Promise<string>;
  close(): Promise<void>;
}

export interface TestBrowser {
  open(url: string, options: PageOptions): Promise<OpenPage>;
}

/** Undefined: there is no Chromium and the test must return. Fails under CI. */
export async function startBrowser(
  t: Pick<TestContext, 'after' | 'diagnostic'>,
): Promise<TestBrowser | undefined> {
  const service = await serviceFor(t, 'chromium');
  if (service === undefined) return undefined;
  const executablePath = service.programs.chromium;
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  atEnd(t, () => browser.close());
  const folder = await folderOfShots(t);
  return { open: (url, options) => openPage(browser, folder, url, options) };
}

async function folderOfShots(t: Pick<TestContext, 'diagnostic'>): Promise<string> {
  const given = process.env['PATCHBOARD_TEST_SCREENSHOTS'] ?? '';
  if (given !== '') {
    await mkdir(given, { recursive: true });
    return given;
  }
  const folder = await mkdtemp(join(tmpdir(), 'patchboard-screenshots-'));
  t.diagnostic(`screenshots: ${folder}`);
  return folder;
}

async function openPage(
  browser: Browser,
  folder: string,
  url: string,
  options: PageOptions,
): Promise<OpenPage> {
  const { width, colorScheme = 'light', reducedMotion = 'no-preference' } = options;
  const height = options.height ?? (width < NARROW ? HEIGHT_NARROW : HEIGHT);
  const viewport = { width, height };
  const context =
    options.beside?.context ??
    (await browser.newContext({ viewport, colorScheme, reducedMotion, locale: 'en-GB' }));
  const page = await context.newPage();
  await page.setViewportSize(viewport);
  page.setDefaultTimeout(WAIT_MS);
  const { asked, complaints } = listen(page);
  await page.goto(url);
  return {
    page,
    context,
    asked,
    complaints,
    shot: async (name) => {
      const path = join(folder, `${name}-${width}${colorScheme === 'dark' ? '-dark' : ''}.png`);
      await page.evaluate('scrollTo(0, 0)');
      await page.evaluate(STILL);
      await page.screenshot({ path, fullPage: true });
      return path;
    },
    close: () => (options.beside === undefined ? context.close() : page.close()),
  };
}

function listen(page: Page): { asked: Asked[]; complaints: string[] } {
  const asked: Asked[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => asked.push({ url: request.url(), type: request.resourceType() }));
  page.on('websocket', (socket) => asked.push({ url: socket.url(), type: 'websocket' }));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
  return { asked, complaints };
}

/** Nothing but this origin (and its WebSocket) was asked for anything. */
export function assertAskedOnly(origin: string, opened: Pick<OpenPage, 'asked'>): void {
  const { host } = new URL(origin);
  const strange = opened.asked.filter(({ url }) => {
    const { protocol, host: other } = new URL(url);
    return other !== host && protocol !== 'blob:' && protocol !== 'data:';
  });
  assert.deepEqual(strange, [], `asked elsewhere than ${origin}`);
  assert.ok(opened.asked.length > 0, 'the page asked for nothing: it was not watched');
}

/** Nothing runs over to the right: a phone's page is not scrolled sideways. */
export async function assertFits({ page }: OpenPage): Promise<void> {
  const width = await page.evaluate<number>('document.documentElement.scrollWidth');
  const room = await page.evaluate<number>('innerWidth');
  assert.ok(width <= room, `the page is ${width} px wide in a window of ${room} px`);
}

interface AxeFinding {
  readonly id: string;
  readonly impact: string | null;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** axe-core finds nothing serious or critical on what is shown now. */
export async function assertAccessible({ page }: OpenPage): Promise<void> {
  await page.evaluate(AXE);
  const findings = await page.evaluate<readonly AxeFinding[]>(
    "axe.run(document, { iframes: false, resultTypes: ['violations'] }).then((r) => r.violations)",
  );
  const heavy = findings.filter(({ impact }) => impact !== null && HEAVY.has(impact));
  const told = heavy.map(({ id, help, nodes }) => {
    const where = nodes.map((node) => `  ${node.html}\n  ${node.failureSummary ?? ''}`);
    return `${id}: ${help}\n${where.join('\n')}`;
  });
  assert.equal(heavy.length, 0, `axe-core on ${page.url()}:\n${told.join('\n')}`);
}
