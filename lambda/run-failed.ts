/** Lambda reports an error's name and message: with these, its retries and the failure queue carry the whole outcome. */
export class RunFailed extends Error {
  constructor(outcome: { readonly code: string }) {
    super(JSON.stringify(outcome));
    this.name = outcome.code;
  }
}
