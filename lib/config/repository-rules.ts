import { VALIDITY_BOUNDS } from '../contract/defaults.ts';
import { parseArn, partitionOf } from './arn.ts';
import type { Environment } from './configuration.ts';
import type { Incomplete, IncompleteRepository } from './configure.ts';
import { inWords } from './duration.ts';
import { fieldName } from './fault.ts';
import { awayInWords, margins, MISSED_CHECKS, PERSONS_TIME } from './margins.ts';
import { fault, type RuleFault } from './rule.ts';

const DAY = 86_400; // seconds
const LONGEST_CHECK = 3 * DAY;

/** What is wrong between the fields of one repository. */
export function repositoryFaults(name: string, repository: IncompleteRepository, whole: Incomplete): RuleFault[] {
  const at = fieldName(['repositories', name]);
  return [
    ...rootFaults(at, repository),
    ...placeFaults(at, repository),
    ...certificateFaults(at, repository),
    ...addressFaults(at, repository, whole.watch),
    ...timeFaults(at, repository),
  ];
}

function rootFaults(at: string, { root }: IncompleteRepository): RuleFault[] {
  if (root !== undefined) return [];
  const why = 'Nothing is signed without a root that somebody vouches for';
  return [fault(`${at}.root`, [], `is missing. ${why}: \`timekeeper init-config\` asks for its file and writes it.`)];
}

function placeFaults(at: string, { written }: IncompleteRepository): RuleFault[] {
  const { hosting, bucket, url } = written;
  if (hosting !== undefined) {
    const stray = (['bucket', 'prefix', 'url', 'account', 'region'] as const).filter(
      (key) => written[key] !== undefined,
    );
    return stray.map((key) => {
      const advice = key === 'bucket' || key === 'prefix' ? `Remove it, or hosting` : `Move it into hosting`;
      return fault(`${at}.${key}`, [`${at}.hosting`], `does not go with hosting. ${advice}.`);
    });
  }
  if (bucket === undefined) {
    const advice =
      'Write "hosting": {} to have a bucket and a distribution made, or name one that exists with bucket and url';
    return [fault(at, [`${at}.bucket`, `${at}.hosting`], `has no place. ${advice}.`)];
  }
  if (url !== undefined) return [];
  return [
    fault(`${at}.url`, [`${at}.bucket`], 'is missing. Write the address where clients read what is in the bucket.'),
  ];
}

function certificateFaults(at: string, { hosting, written }: IncompleteRepository): RuleFault[] {
  if (hosting?.kind !== 'stack') return [];
  const { domainName, certificateArn } = written.hosting ?? {};
  const [domainField, field] = [`${at}.hosting.domainName`, `${at}.hosting.certificateArn`];
  if (certificateArn === undefined) {
    if (domainName === undefined) return [];
    return [fault(field, [domainField], 'is missing. Write the ARN of a certificate for domainName, in us-east-1.')];
  }
  const { partition, service, region, account } = parseArn(certificateArn);
  const faults: RuleFault[] = [];
  if (domainName === undefined)
    faults.push(
      fault(domainField, [field], 'is missing. Write the domain of the certificate, or remove certificateArn.'),
    );
  if (partition === 'aws' && service === 'acm' && region !== 'us-east-1')
    faults.push(
      fault(field, [], `is in ${region}. CloudFront takes certificates from us-east-1 only: request it there.`),
    );
  if (hosting.account !== undefined && account !== hosting.account) {
    const wrong = `is of account ${account}, but the distribution is in ${hosting.account}`;
    faults.push(fault(field, [`${at}.hosting.account`, 'signing.account'], `${wrong}. Request one there.`));
  }
  if (hosting.region !== undefined && partition !== partitionOf(hosting.region)) {
    const wrong = `is of partition ${partition}, but ${hosting.region} is in ${partitionOf(hosting.region)}`;
    faults.push(fault(field, [`${at}.hosting.region`, 'signing.region'], `${wrong}. Write one of that partition.`));
  }
  return faults;
}

/** The distribution's own name reaches the watchdog only within one account and region. */
function addressFaults(at: string, { hosting }: IncompleteRepository, watch: Environment): RuleFault[] {
  if (hosting?.kind !== 'stack' || hosting.url !== undefined) return [];
  if (hosting.account === watch.account && hosting.region === watch.region) return [];
  const why = 'The watchdog is in another account or region than hosting, so it has to be told the address';
  const advice = 'deploy the hosting stack first, then write the address that it prints, or use domainName';
  const places = [`${at}.hosting`, 'watch', 'signing'];
  return [fault(`${at}.hosting.url`, [...places, `${at}.hosting.domainName`], `is missing. ${why}: ${advice}.`)];
}

function timeFaults(at: string, { settings }: IncompleteRepository): RuleFault[] {
  const { validity, resignAfter, check, cacheMax, freezeGrace } = settings;
  const [validityField, resignField, checkField] = [`${at}.validity`, `${at}.resignAfter`, `${at}.check`];
  const { least, most } = VALIDITY_BOUNDS;
  const faults: RuleFault[] = [];
  if (resignAfter < 1) faults.push(fault(resignField, [], 'is less than a second. Write a duration such as "3 days".'));
  else if (check.seconds > resignAfter) {
    const wrong = `leaves up to ${inWords(check.seconds)} between two checks, more than resignAfter (${inWords(resignAfter)})`;
    faults.push(fault(checkField, [resignField], `${wrong}. Check more often.`));
  }
  if (check.seconds > LONGEST_CHECK) {
    const advice = `Check at least every ${inWords(LONGEST_CHECK)}: CloudWatch looks back over a week, which has to hold ${MISSED_CHECKS} missed checks`;
    faults.push(fault(checkField, [], `leaves up to ${inWords(check.seconds)} between two checks. ${advice}.`));
  }
  if (cacheMax > DAY)
    faults.push(fault(`${at}.cacheMax`, [], `is ${inWords(cacheMax)}: so long a fault may pass for a cache's. Write at most "1 day".`)); // prettier-ignore
  if (freezeGrace > most)
    faults.push(fault(`${at}.freezeGrace`, [], `is ${inWords(freezeGrace)}. Write at most "${inWords(most)}".`));
  if (validity < least || validity > most) {
    const advice = `Write a duration from ${inWords(least)} to ${inWords(most)}.`;
    return [...faults, fault(validityField, [], `is ${inWords(validity)}. ${advice}`)];
  }
  const left = margins({ validity, resignAfter, check: check.seconds });
  if (left.away >= PERSONS_TIME) return faults;
  const sum = `resignAfter (${inWords(resignAfter)}), ${MISSED_CHECKS} missed checks (${inWords(check.seconds)} each)`;
  const wrong = `does not cover ${sum} and ${inWords(PERSONS_TIME)} for a person`;
  const now = left.away < 0 ? 'the alarm would come too late' : awayInWords(left);
  const advice = `Write at least ${hoursUp(left.alarmAfter + PERSONS_TIME)}, or lower resignAfter or check`;
  return [...faults, fault(validityField, [resignField, checkField], `${wrong}: ${now}. ${advice}.`)];
}

/** Rounded up, in words that stay what they are when they are read again. */
function hoursUp(seconds: number): string {
  const hours = Math.ceil(seconds / 3_600);
  return `"${hours} hours"`;
}
