import page from './status-page.html';
import type { Status } from './status-model.ts';

/** The page of `start` with a status put into it: one file that needs no server and asks nobody for anything. */
export function pageWith(status: Status): string {
  // A `<` could end the element early; in JSON it can be written so everywhere.
  const data = JSON.stringify(status).replaceAll('<', '\\u003c');
  return page.replace('<script>', () => `<script type="application/json" id="data">${data}</script>\n    <script>`);
}
