import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { findBrowser, launch } from './browser.ts';
import { CONTRAST_FAULTS } from './contrast.ts';
import { describeWhere } from './describe-where.ts';
import { emptyFolder, fast, newRepository, Started, versionOf } from './started.ts';

describeWhere('the status page in a browser', 'Chromium', findBrowser(), (program) => {
  let browser: Browser;
  let started: Started;
  let folder: string;
  beforeAll(async () => {
    browser = await launch(program);
    folder = join(emptyFolder(), '<img src=x onerror=alert(1)>');
    mkdirSync(folder);
    await newRepository(folder);
    started = await new Started([...fast(folder), '--resign-after', '5s']).ready();
  });
  afterAll(async () => {
    await browser.close();
    await started.stop();
  });

  /** What no page may do, in any test. */
  let faults: string[];
  beforeEach(() => {
    faults = [];
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    if (faults.length > 0) throw new Error(faults.join('\n'));
  });

  async function open(options: BrowserContextOptions = {}, url = started.url): Promise<Page> {
    const context = await browser.newContext({ timezoneId: 'UTC', ...options });
    const page = await context.newPage();
    context.on('request', (request) => {
      if (!request.url().startsWith(url)) faults.push(`asked for ${request.url()}`);
    });
    page.on('console', (message) => faults.push(`${message.type()}: ${message.text()}`)); // a violated policy is told here too
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(url);
    await page.getByRole('heading', { level: 1, name: 'Fresh' }).waitFor();
    return page;
  }

  const cell = (page: Page, role: string, column: number) =>
    page.getByRole('table', { name: 'What clients rely on' }).getByRole('row').filter({ has: page.getByRole('rowheader', { name: new RegExp(`^${role} `) }) }).getByRole('cell').nth(column); // prettier-ignore

  test('shows in plain words how it is, until when, and what happens next', async () => {
    const page = await open();
    await page.getByText(/^Clients can update until (\d+ \w+ \d{4}, )?[\d:]{8} \(in \d+ min \d+ s\)\.$/).waitFor();
    await page.getByText(/^in \d seconds?$/).first().waitFor(); // prettier-ignore
    expect(await page.title()).toMatch(/^Fresh – .* – Timekeeper$/);
    const status = await started.status();
    for (const { name, version } of status.roles) {
      expect(Number(await cell(page, name, 0).textContent())).toBeGreaterThanOrEqual(version);
    }
    expect(await cell(page, 'root', 1).innerText()).toMatch(/^10 years\s+until \d+ \w+ \d{4}, [\d:]{8}$/);
    expect(await page.getByText(`${started.url}tuf/`).count()).toBe(1);
  });

  test('shows the last runs with time, outcome, code and message', async () => {
    const page = await open();
    await started.status(({ runs }) => runs.some(({ code }) => code === 'SIGNED'));
    const row = page.getByRole('table', { name: 'The last runs' }).getByRole('row', { name: /SIGNED$/ }).first(); // prettier-ignore
    await row.waitFor();
    expect(await row.getByRole('rowheader').textContent()).toMatch(/^(\d+ \w+ \d{4}, )?[\d:]{8}/);
    expect(await row.getByRole('cell').first().textContent()).toBe('Signed');
    expect(await row.textContent()).toMatch(
      /timestamp\.json version \d+ was due for its successor at (\d+ \w+ \d{4}, )?[\d:]{8}\./,
    );
  });

  test('renews itself without being loaded again, and tells a screen reader of signatures only', async () => {
    const page = await open();
    await page.evaluate('globalThis.isStillHere = true');
    const version = versionOf(await started.status());
    const news = page.getByRole('status');
    expect(await news.textContent()).toBe('');
    await expect(cell(page, 'timestamp', 0).filter({ hasText: new RegExp(`^${version + 2}$`) }).waitFor()).resolves.toBeUndefined(); // prettier-ignore
    expect(await page.evaluate('globalThis.isStillHere')).toBe(true);
    expect(await news.textContent()).toMatch(/^Signed\. Fresh: Clients can update until (\d+ \w+ \d{4}, )?[\d:]{8}\.$/);
  });

  test('takes whatever comes from outside as text', async () => {
    const page = await open();
    await page.getByText('<img src=x onerror=alert(1)>').waitFor();
    expect(await page.locator('img').count()).toBe(0);
  });

  test.each(['light', 'dark'] as const)('can be read in a %s room', async (colorScheme) => {
    const page = await open({ colorScheme, reducedMotion: 'reduce' });
    const background = await page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    expect(background).toBe(colorScheme === 'light' ? 'rgb(247, 247, 244)' : 'rgb(18, 22, 24)');
    expect(await page.evaluate(CONTRAST_FAULTS)).toEqual([]);
    const motion = await page.evaluate('getComputedStyle(document.querySelector(".bar span")).transitionDuration');
    expect(motion).toBe('0s');
  });

  test('fits on a telephone, and is still a table to a screen reader', async () => {
    const page = await open({ viewport: { width: 360, height: 640 } });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    expect(Number(await cell(page, 'root', 0).textContent())).toBe(1);
  });

  test('has landmarks, headings and named tables', async () => {
    const page = await open();
    const tree = await page.locator('body').ariaSnapshot();
    for (const landmark of ['- banner:', '- main:', '- contentinfo:', '- region "What happens next":']) {
      expect(tree).toContain(landmark);
    }
    const headings = await page.getByRole('heading').allTextContents();
    expect(headings).toEqual(['Fresh', 'What happens next', 'What clients rely on', 'The last runs']);
    expect(await page.getByRole('columnheader').allTextContents()).toEqual(['Role', 'Version', 'Life left', 'When', 'Outcome', 'What was found']); // prettier-ignore
    expect(await page.locator('[role=status] [data-until], [aria-live] [data-until]').count()).toBe(0);
    expect(await page.locator('time:not([datetime])').count()).toBe(0);
  });

  test('can be walked through by keyboard, and shows where one is', async () => {
    const page = await open();
    const walked: string[] = [];
    for (let step = 0; step < 4; step++) {
      await page.keyboard.press('Tab');
      const focused = page.locator(':focus');
      const box = await focused.boundingBox();
      const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
      expect({ outline, isSeen: (box?.height ?? 0) > 10 }).toEqual({ outline: 'solid', isSeen: true });
      walked.push((await focused.textContent()) ?? '');
    }
    expect(walked).toEqual(['Skip to how it is', 'timestamp.json', 'root.json', 'status.json']);
    await page.getByText('Skip to how it is').focus();
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
  });

  test('shows what is wrong and what to do, and when it is over', async () => {
    const page = await open();
    const snapshot = join(folder, 'repository', 'snapshot.json');
    const away = join(folder, 'away.json');
    renameSync(snapshot, away);
    await page.getByRole('heading', { level: 1, name: 'Broken' }).waitFor();
    const problem = page.getByRole('region', { name: 'What is wrong, and what to do' }).getByRole('listitem');
    expect(await problem.textContent()).toMatch(
      /snapshot\.json is missing.*What to do: Publish snapshot\.json again.*SNAPSHOT_MISSING$/,
    );
    expect(await page.title()).toMatch(/^Broken – /);
    expect(await page.getByRole('status').textContent()).toMatch(/Broken: New clients cannot update/);
    expect(await page.evaluate(CONTRAST_FAULTS)).toEqual([]);
    renameSync(away, snapshot);
    await page.getByRole('heading', { level: 1, name: 'Fresh' }).waitFor();
    expect(await problem.count()).toBe(0);
  });

  test('says when the command has ended, and goes on when it is there again', async () => {
    const own = await newRepository();
    const first = await new Started(fast(own)).ready();
    const page = await open({}, first.url);
    await first.stop();
    await page.getByRole('heading', { level: 1, name: 'No answer' }).waitFor();
    await page
      .getByText(/^timekeeper start does not answer since (\d+ \w+ \d{4}, )?[\d:]{8}.* start it again as before\.$/)
      .waitFor();
    expect(await page.title()).toMatch(/^No answer – /);
    expect(faults.every((fault) => fault.includes('ERR_CONNECTION_REFUSED'))).toBe(true); // the browser's own words
    faults = [];

    const { port } = new URL(first.url);
    const second = new Started([...fast(own), '--port', port]);
    await page.getByRole('heading', { level: 1, name: 'Fresh' }).waitFor();
    faults = [];
    await page.close();
    await second.stop();
  });
});
