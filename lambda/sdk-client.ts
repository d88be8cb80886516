/** How every SDK client of ours calls. The SDK waits for ever by default; the Lambda does not. Three tries of each call fit into its time. */
export const CLIENT = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
};
