import type { Ailment } from '../authoring/diagnosis.ts';
import type { Problem } from './progress.ts';
import type { DeployedView } from './status-deployed.ts';
import type { Status } from './status-model.ts';

type More = Pick<DeployedView, 'problems' | 'notes'>;

/**
 * A status in which each problem has the command that mends it, where the working directory shows which one does; with what only that shows.
 * @param more - what else was found
 * @param statusWith - the status that comes of more
 */
export function withMending(ailments: readonly Ailment[], more: More, statusWith: (more: More) => Status): Status {
  const { problems, warnings } = statusWith(more);
  const known = [...problems, ...warnings];
  const unseen = ailments.filter((ailment) => !known.some((problem) => isSame(problem, ailment)));
  const status = statusWith({
    problems: [...more.problems, ...unseen.filter(({ is }) => is !== 'left').map(problemOf)],
    notes: [...more.notes, ...unseen.filter(({ is }) => is === 'left').map(problemOf)],
  });
  const mended = (all: readonly Problem[]) =>
    all.map((problem) => ({ ...problem, remedy: ailments.find((ailment) => isSame(problem, ailment))?.remedy ?? problem.remedy })); // prettier-ignore
  return { ...status, problems: mended(status.problems), warnings: mended(status.warnings) };
}

/** What a client, the signer and the folder each have a word for. */
function isSame({ code }: Problem, { is, code: found, message }: Ailment): boolean {
  if (code === found) return true;
  if (is === 'refused') return code === 'NEW_CLIENT_FAILS';
  if (is === 'left') return code === 'STAGED_METADATA' && message.includes('"staged/');
  return is === 'expired' && code === `${message.replace(/\.json.*/s, '').toUpperCase()}_EXPIRED`;
}

function problemOf({ code, message, remedy }: Ailment): Problem {
  return { code, message, remedy };
}
