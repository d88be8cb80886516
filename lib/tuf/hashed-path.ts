/**
 * The path of the file that has a hash before its name, as consistent snapshots have them.
 * @see TUF specification, section 5.7.3
 */
export function hashedPath(path: string, hash: string): string {
  const cut = path.lastIndexOf('/') + 1;
  return `${path.slice(0, cut)}${hash}.${path.slice(cut)}`;
}
