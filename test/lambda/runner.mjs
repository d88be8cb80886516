/**
 * Does what the Lambda's runtime does: imports the one file once, then calls its handler for each line on stdin, `{event, at}`.
 * What the handler prints goes to stdout as it is; after it comes the answer, between two NULs, which the handler cannot print by accident.
 */
import { createInterface } from 'node:readline';

const RealDate = Date;
let ahead = 0; // milliseconds that the clock is ahead of this computer's
const now = () => RealDate.now() + ahead;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  get: (target, property, receiver) => (property === 'now' ? now : Reflect.get(target, property, receiver)),
});

const { handler } = await import(process.argv[2]); // after the clock, since a module may take it at once
answer({ ready: process.version });

for await (const line of createInterface({ input: process.stdin })) {
  const { event, at } = JSON.parse(line);
  if (at !== undefined) ahead = at - RealDate.now();
  try {
    answer({ outcome: await handler(JSON.parse(event)) });
  } catch ({ name, message, stack }) {
    answer({ error: { name, message, stack } });
  }
}
process.exit(); // connections are kept for the next call, which will not come

function answer(value) {
  process.stdout.write(`\0${JSON.stringify(value)}\0`);
}
