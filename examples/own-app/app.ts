/** Timekeeper's constructs in an app of one's own: hosting in one stack, signing in another, the watchdog in a third. */
import { App, Duration, Stack } from 'aws-cdk-lib';
import {
  AlarmTopics,
  HostedRepository,
  RepositoryWatch,
  SigningAlarms,
  SigningFoundation,
  TimestampSigner,
  WatchAlarms,
  WatchFoundation,
} from 'tuf-timekeeper';

const deployment = 'acme';
const repository = 'orbit';
const email = 'oncall@example.com';
const root = { version: 1, sha256: '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0' }; // sha256sum 1.root.json
const files = { account: '222222222222', region: 'us-east-1' };
const keys = { account: '111111111111', region: 'eu-central-1' };

const app = new App();

const hosting = new Stack(app, 'updates-hosting', { env: files });
new HostedRepository(hosting, 'Orbit', {
  deployment,
  repository,
  signing: keys,
  bucketName: 'acme-updates',
  publishers: ['arn:aws:iam::222222222222:role/release'],
});

const signing = new Stack(app, 'updates-signing', { env: keys });
const foundation = new SigningFoundation(signing, 'Foundation', { deployment });
const signer = new TimestampSigner(signing, 'Orbit', {
  foundation,
  repository,
  root,
  keyType: 'kms-ed25519',
  resignAfter: Duration.days(2),
  place: {
    bucketName: 'acme-updates',
    ...files,
    publishers: ['arn:aws:iam::222222222222:role/acme-orbit-publisher'],
  },
});
new SigningAlarms(signer, 'Watched', {
  deployment,
  signer,
  topics: new AlarmTopics(signing, 'Topics', { deployment, stack: 'signing', email }),
});

const watching = new Stack(app, 'updates-watch', { env: { ...keys, region: 'eu-west-1' } });
const watch = new RepositoryWatch(watching, 'Orbit', {
  foundation: new WatchFoundation(watching, 'Foundation', { deployment }),
  repository,
  root,
  url: 'https://updates.example.com/',
  resignAfter: Duration.days(2),
});
new WatchAlarms(watch, 'Watched', {
  deployment,
  watch,
  topics: new AlarmTopics(watching, 'Topics', { deployment, stack: 'watch', email }),
});

app.synth();
