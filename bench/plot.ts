/** One line of a chart: what is measured, and its points (x, y). */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

interface Chart {
  readonly title: string;
  readonly lines: readonly Line[];
}

const [WIDTH, HEIGHT, MARGIN] = [360, 240, 50];
const COLOURS = ['#0b6e4f', '#8a4b08'];

/** Charts side by side, as SVG. Both axes begin with 0, so that a straight line looks like one. */
export function plot(title: string, charts: readonly Chart[]): string {
  const [width, height] = [charts.length * (WIDTH + 2 * MARGIN), HEIGHT + 2 * MARGIN];
  const drawn = charts.map((chart, index) => `<g transform="translate(${index * (WIDTH + 2 * MARGIN) + MARGIN} ${MARGIN})">${draw(chart)}</g>`); // prettier-ignore
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<title>${title}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="${MARGIN}" y="18" font-size="13">${title}</text>`,
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

function draw({ title, lines }: Chart): string {
  const all = lines.flatMap(({ points }) => points);
  const [right, top] = [Math.max(...all.map(([x]) => x)), Math.max(...all.map(([, y]) => y)) * 1.05];
  const place = ([x, y]: readonly [number, number]) => [(x / right) * WIDTH, HEIGHT - (y / top) * HEIGHT].map((at) => at.toFixed(1)); // prettier-ignore
  const drawn = lines.map(({ name, points }, index) => {
    const colour = COLOURS[index % COLOURS.length] ?? '#000';
    const dots = points.map((point) => {
      const [x, y] = place(point);
      return `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`;
    });
    const path = points.map((point) => place(point).join(',')).join(' ');
    const label = `<text x="8" y="${16 + 16 * index}" fill="${colour}">${name}</text>`;
    return [`<polyline points="${path}" fill="none" stroke="${colour}"/>`, ...dots, label].join('');
  });
  return [
    `<path d="M0 0V${HEIGHT}H${WIDTH}" fill="none" stroke="#444"/>`,
    `<text x="${WIDTH / 2}" y="${HEIGHT + 34}" text-anchor="middle">${title}</text>`,
    `<text x="${WIDTH}" y="${HEIGHT + 16}" text-anchor="end">${right.toLocaleString('en')}</text>`,
    `<text x="-6" y="${HEIGHT}" text-anchor="end">0</text>`,
    `<text x="-6" y="10" text-anchor="end">${top.toFixed(1)} s</text>`,
    ...drawn,
  ].join('\n');
}
