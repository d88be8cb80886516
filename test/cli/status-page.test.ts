import { pathToFileURL } from 'node:url';
import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { findBrowser, launch } from './browser.ts';
import { CONTRAST_FAULTS } from './contrast.ts';
import { describeWhere } from './describe-where.ts';
import { copyOf, newPath, type WorkingCopy } from './working-copy.ts';

const ROOT = ['--trusted-root', 'repository/1.root.json'];
const NOW = '2026-11-24T00:00:00Z';

describeWhere('the page of status --html in a browser', 'Chromium', findBrowser(), (program) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(program);
  });
  afterAll(() => browser.close());

  let faults: string[];
  beforeEach(() => {
    faults = [];
  });
  afterEach(async () => {
    await Promise.all(browser.contexts().map((context) => context.close()));
    if (faults.length > 0) throw new Error(faults.join('\n'));
  });

  /** Writes the page and opens the file, as somebody does who got it by mail. */
  async function open(copy: WorkingCopy, seenAt = NOW, where: readonly string[] = ['.']): Promise<Page> {
    await copy.run(['status', ...where, ...ROOT, '--html', 'status.html'], { passphrase: null, now: NOW });
    const page = await (await browser.newContext({ timezoneId: 'UTC' })).newPage();
    const url = pathToFileURL(copy.path('status.html')).href;
    page.on('request', (request) => {
      if (request.url() !== url) faults.push(`asked for ${request.url()}`);
    });
    page.on('console', (message) => faults.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => faults.push(error.message));
    await page.clock.install({ time: seenAt });
    await page.goto(url);
    return page;
  }

  test('shows how it was, asks nobody for anything, and says that it does not renew itself', async () => {
    const page = await open(copyOf());
    await page.getByRole('heading', { level: 1, name: 'Fresh' }).waitFor();
    await page.getByText('Clients can update until 6 Dec 2026, 16:35:14 (in 12 days 16 h).').waitFor();
    await page.getByText('This is how it was at 00:00:00. This page does not renew itself.').waitFor();
    const roles = page.getByRole('table', { name: 'What clients rely on' }).getByRole('rowheader');
    expect((await roles.allTextContents()).map((text) => /^[a-z]+/.exec(text)?.[0])).toEqual(['root', 'targets', 'snapshot', 'timestamp']); // prettier-ignore
    expect(await page.getByText('not known here').count()).toBe(1); // when somebody looks next
    await page.getByText(/^in 1 day 16 h$/).waitFor(); // the next signature
    expect(await page.getByText('Served now').count()).toBe(0);
    expect(await page.getByRole('table', { name: 'The last runs' }).count()).toBe(0);
    await page.clock.runFor(10_000);
    expect(await page.evaluate(CONTRAST_FAULTS)).toEqual([]);
  });

  test('does not go on saying that all is well once that time is over', async () => {
    const page = await open(copyOf(), '2027-01-01T00:00:00Z');
    await page.getByRole('heading', { level: 1, name: 'Out of date' }).waitFor();
    expect(await page.getByText(/no longer holds: run timekeeper status again\.$/).count()).toBe(1);
  });

  test('turns out of date while it is open', async () => {
    const page = await open(copyOf(), '2026-12-06T16:35:00Z');
    await page.getByRole('heading', { level: 1, name: 'Fresh' }).waitFor();
    await page.clock.runFor(20_000);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Out of date');
  });

  test('shows what is wrong and what to do', async () => {
    const copy = copyOf();
    rmSync(copy.path('repository', 'snapshot.json'));
    const page = await open(copy);
    await page.getByRole('heading', { level: 1, name: 'Broken' }).waitFor();
    const problem = page.getByRole('region', { name: 'What is wrong, and what to do' }).getByRole('listitem').first();
    expect(await problem.textContent()).toMatch(/snapshot\.json is missing.*What to do: \S/);
  });

  test('takes whatever comes from outside as text', async () => {
    const copy = copyOf('go-tuf-v0.5.2', `${newPath()}</script><img src=x onerror=alert(1)>`); // a folder in a folder
    const page = await open(copy, NOW, [copy.folder]);
    await page.getByText('<img src=x onerror=alert(1)>').first().waitFor();
    expect(await page.locator('img').count()).toBe(0);
  });
});
