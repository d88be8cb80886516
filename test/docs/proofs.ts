/** What shows that a command of a page works: it is run beside its page, or by a test elsewhere. */
export type Proof =
  /** Run by `commands.test.ts`, in the order of the page, in a folder with a repository; with this exit status. */
  | { readonly exits: number }
  /** The same against a deployment on the tests' local AWS, by its operator. */
  | { readonly deployed: number }
  /** Run by what stands in this file under these words. */
  | { readonly file: string; readonly says: string };

const HERE: Proof = { exits: 0 };
const DEPLOYED: Proof = { deployed: 0 };
const CEREMONY: Proof = { file: 'test/docs/root-ceremony.test.ts', says: 'the commands of key-rotation.md' };

/** Every line of docs/operating-a-fleet-repository.md, in its order. */
const OPERATING: Proof = {
  file: 'test/docs/operating.test.ts',
  says: 'lead from nothing to a repository from which clients update, the oldest too, and through what comes later',
};

/** Every command that a page tells to type, with what shows that it works. */
export const PROOFS: Readonly<Record<string, Proof>> = {
  'npm ci && npm start': {
    file: 'test/cli/start-demonstration.test.ts',
    says: 'makes a demonstration, serves it, signs it again and again, and ends at Ctrl-C with status 0',
  },
  'npm cit': { file: '.ci/run', says: 'npm cit' },
  'npm ci': { file: '.ci/run', says: 'npm cit' },

  'npx timekeeper plan --path DIR --trusted-root ROOT.json': HERE,
  'npx timekeeper resign --path DIR --trusted-root ROOT.json --force': HERE,
  'npx timekeeper resign --path DIR': HERE,
  'timekeeper plan --path . --trusted-root root.json': HERE,
  'timekeeper resign --path . --trusted-root root.json --force': HERE,
  'timekeeper verify ./repository --trusted-root root.json': HERE,
  'timekeeper verify https://updates.example.com/ --trusted-root root.json': HERE,
  'timekeeper init-config --name orbit --root root.json --hosting bucket --bucket my-bucket --url https://updates.example.com/ --key-type go-tuf-file --email oncall@example.com':
    HERE,

  'npx timekeeper init-config': { file: 'test/cli/init-config.test.ts', says: 'asks for what no option says' },
  'npx cdk deploy --all': {
    file: 'test/deployed/deployment.test.ts',
    says: 'is made by cdk deploy --all, from nothing',
  },

  'npx cdk deploy --all -c removable=true': {
    file: 'test/deployed/removal.test.ts',
    says: 'leaves the repository, the state and the secret where they are',
  },
  'npx cdk destroy --all -c removable=true': {
    file: 'test/deployed/removal.test.ts',
    says: 'leaves the repository, the state and the secret where they are',
  },
  'aws secretsmanager describe-secret --secret-id timekeeper/updates/orbit --query ARN': {
    file: 'test/deployed/removal.test.ts',
    says: 'takes up again what stayed, and goes on where it was',
  },
  [`npx cdk import updates-signing --resource-mapping-inline '{"OrbitPassphrase": {"Id": "ARN"}}'`]: {
    file: 'test/deployed/removal.test.ts',
    says: 'takes up again what stayed, and goes on where it was',
  },
  'npx cdk deploy --all --import-existing-resources': {
    file: 'test/deployed/removal.test.ts',
    says: 'takes up again what stayed, and goes on where it was',
  },

  'npx timekeeper publish orbit': {
    file: 'test/cli/publish-deployed.test.ts',
    says: 'publishes as the publisher’s role',
  },
  'timekeeper publish orbit': { file: 'test/cli/publish-deployed.test.ts', says: 'publishes as the publisher’s role' },

  'npx timekeeper status orbit': { file: 'test/cli/status.test.ts', says: 'of a configured name begins with the pin' },
  'timekeeper status orbit': { file: 'test/cli/status.test.ts', says: 'of a configured name begins with the pin' },

  'npx timekeeper enroll orbit --key keys/timestamp.json': DEPLOYED,
  'timekeeper enroll orbit --key keys/timestamp.json': DEPLOYED,
  'timekeeper enroll orbit --key keys/timestamp.json --root 2.root.json': DEPLOYED,
  'timekeeper enroll orbit --again --key keys/timestamp.json': DEPLOYED,
  'timekeeper enroll orbit': {
    file: 'test/docs/commands.test.ts',
    says: 'enroll orbit, of a key in KMS that the root does not list yet, prints it',
  },
  'timekeeper updates rotate timestamp': CEREMONY,
  'timekeeper updates add-key timestamp timestamp-key.json': CEREMONY,
  'timekeeper updates generate-key root': CEREMONY,
  'timekeeper updates stage-root next-root.json --add-key root=holder.json --threshold root=2': CEREMONY,
  'timekeeper updates sign next-root.json --key keys/root.json --trusted-root root.json': CEREMONY,
  'timekeeper updates publish-root next-root.json': CEREMONY,
  'timekeeper plan orbit': DEPLOYED,
  'timekeeper resign orbit --force': DEPLOYED,
  'npx timekeeper resign orbit --force': DEPLOYED,
  'timekeeper audit orbit': DEPLOYED,
  'timekeeper pause orbit --reason "moving the key to KMS" --for "3 days"': DEPLOYED,
  'timekeeper resume orbit': DEPLOYED,
  'timekeeper updates init --path ceremony': OPERATING,
  'cp ceremony/repository/root.json root.json': OPERATING,
  'mkdir -p work/keys': OPERATING,
  'cp -r ceremony/repository work/': OPERATING,
  'cp ceremony/keys/targets.json ceremony/keys/snapshot.json ceremony/keys/timestamp.json work/keys/': OPERATING,
  'timekeeper updates add --path work --target osqueryd --platform linux --name osqueryd --version 5.0.1 -t 5.0 -t 5 -t stable':
    OPERATING,
  'timekeeper updates add --path work --target orbit --platform linux --name orbit --version 1.2.3 -t 1.2 -t 1 -t stable':
    OPERATING,
  'timekeeper updates add --path work --target fleet-desktop.tar.gz --platform linux --name desktop --version 1.2.3 -t stable':
    OPERATING,
  'timekeeper updates list --path work': OPERATING,
  'timekeeper publish ./staging work': OPERATING,
  'timekeeper verify ./staging --trusted-root root.json': OPERATING,
  'timekeeper publish orbit work': OPERATING,
  'timekeeper updates add --path work --target osqueryd-5.1.0 --platform linux --name osqueryd --version 5.1.0 -t edge':
    OPERATING,
  'timekeeper updates add --path work --target osqueryd-5.1.0 --platform linux --name osqueryd --version 5.1.0 -t edge -t stable':
    OPERATING,
  'timekeeper updates add --path work --target osqueryd --platform linux --name osqueryd --version 5.0.1 -t stable':
    OPERATING,
  'timekeeper updates remove --path work --name osqueryd --platform linux --version 5.1.0': OPERATING,
  'timekeeper publish orbit work --prune': OPERATING,
  'timekeeper updates extend targets --path work --targets-validity "1200 days"': OPERATING,
  'timekeeper updates stage-root next-root.json --path work --root-validity "3700 days"': OPERATING,
  'timekeeper updates sign next-root.json --key ceremony/keys/root.json --trusted-root root.json': OPERATING,
  'timekeeper updates publish-root next-root.json --path work': OPERATING,
};

/** Commands that no test runs, and why; a line that a test runs has no place here. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  'TIMEKEEPER_ACCOUNT=123456789012 npm run test:account': 'it needs an AWS account',
  'fleetctl package --type=deb --fleet-url=https://fleet.example.com --enroll-secret=SECRET --update-url=https://updates.example.com --update-roots="$(timekeeper updates roots --path work)"':
    'fleetctl is not ours to install; operating.test.ts hands the same root to the library that it uses',
};
