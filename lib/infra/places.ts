import { Aws } from 'aws-cdk-lib';
import { UsageError } from '../contract/errors.ts';
import type { Place } from '../contract/names.ts';
import type { Environment } from '../config/configuration.ts';

/** Fills in what timekeeper.json leaves open. */
export type PlaceOf = (where: Environment, field: string) => Place;

/**
 * Where the stacks go: as configured, else where whoever deploys is. Without credentials nobody knows where that is;
 * then the templates fit any account and region, as long as all of them are left open.
 * @param deployer - account and region of whoever deploys; undefined if unknown
 * @param all - every place of the configuration
 */
export function placesFor(deployer: Environment, all: readonly Environment[]): PlaceOf {
  const part = (name: keyof Environment, token: string) => {
    const isOpenEverywhere = all.every((where) => where[name] === undefined);
    return (where: Environment, field: string): string => {
      const known = where[name] ?? deployer[name] ?? (isOpenEverywhere ? token : undefined);
      if (known === undefined)
        throw new UsageError(`${field}.${name} is not written, and there are no credentials to tell it from.`, {
          remedy: `Write ${field}.${name} in timekeeper.json, or log in to the account that deploys.`,
        });
      return known;
    };
  };
  const account = part('account', Aws.ACCOUNT_ID);
  const region = part('region', Aws.REGION);
  return (where, field) => ({ account: account(where, field), region: region(where, field) });
}

/** For a stack: undefined where the template fits any. */
export function environmentOf({ account, region }: Place): { readonly account?: string; readonly region?: string } {
  return {
    ...(account !== Aws.ACCOUNT_ID && { account }),
    ...(region !== Aws.REGION && { region }),
  };
}
