/**
 * Where the Lambda's SDK clients look for credentials: the function's environment, which is where Lambda puts its role's, and nowhere else.
 * The build puts this in place of the SDK's chain of eight providers (files, single sign-on, other processes, metadata services): what a signer never uses, it does not carry.
 */
export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';
