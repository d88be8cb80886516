import type { Progress } from '../publishing/carry-out.ts';

const EVERY = 10_000; // ms; between two lines where there is no terminal

/**
 * Shows on stderr how a publish gets on: on a terminal a bar with bytes, rate and time left, elsewhere a line now and then, and nothing at all if it is
 * not wanted.
 */
export async function progressShown(isWanted: boolean): Promise<Progress> {
  if (!isWanted) return { begin: () => undefined, bytes: () => undefined, end: () => undefined };
  return process.stderr.isTTY ? bar() : lines();
}

async function bar(): Promise<Progress> {
  const { default: progress } = await import('cli-progress');
  const shown = new progress.SingleBar(
    {
      stream: process.stderr,
      hideCursor: true,
      etaBuffer: 50,
      format: '{bar} {value} of {total}  {rate}/s  {eta_formatted} left',
      formatValue: (value, _, type) => (type === 'value' || type === 'total' ? inBytes(value) : String(value)),
    },
    progress.Presets.shades_classic,
  );
  let [done, startedAt] = [0, 0];
  const rate = () => inBytes((done * 1_000) / Math.max(Date.now() - startedAt, 1));
  return {
    begin({ bytes }) {
      [done, startedAt] = [0, Date.now()];
      shown.start(bytes, 0, { rate: '?' });
    },
    bytes(count) {
      done += count;
      shown.increment(count, { rate: rate() });
    },
    end() {
      shown.stop();
    },
  };
}

function lines(): Progress {
  let [done, total, startedAt, saidAt] = [0, 0, 0, 0];
  return {
    begin({ files, bytes }) {
      [done, total, startedAt, saidAt] = [0, bytes, Date.now(), Date.now()];
      say(`Uploading ${files === 1 ? '1 file' : `${files} files`}, ${inBytes(bytes)}.`);
    },
    bytes(count) {
      done += count;
      if (Date.now() - saidAt < EVERY || done >= total) return;
      saidAt = Date.now();
      const rate = (done * 1_000) / Math.max(saidAt - startedAt, 1);
      say(`${inBytes(done)} of ${inBytes(total)}, ${inBytes(rate)}/s, ${Math.ceil((total - done) / rate)} s left.`);
    },
    end: () => undefined,
  };
}

function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A size as one says it: `1.5 MiB`. */
export function inBytes(count: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(count, 1)) / 10), UNITS.length - 1);
  const value = count / 1_024 ** power;
  return `${power === 0 ? Math.round(value) : value.toFixed(1)} ${UNITS[power] ?? 'B'}`;
}
