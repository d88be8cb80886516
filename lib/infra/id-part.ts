/** A repository's name as part of an id of a statement or a resource, where only letters and digits are allowed. */
export function idPartOf(repository: string): string {
  return repository
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}
