/** What one types most often, by command. Every line is checked against the options that the command has (`test/docs/commands.test.ts`). */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  start: ['start', 'start DIR --trusted-root ROOT.json'],
  resign: ['resign --path DIR --trusted-root ROOT.json', 'resign --path DIR --force', 'resign orbit --force'],
  plan: ['plan --path DIR --trusted-root ROOT.json', 'plan orbit --json'],
  enroll: ['enroll --path DIR --trusted-root ROOT.json', 'enroll orbit --key keys/timestamp.json'],
  verify: [
    'verify DIR --trusted-root ROOT.json',
    'verify https://updates.example.com/ --trusted-root ROOT.json --at 2030-01-31T00:00:00Z',
  ],
  fetch: ['fetch https://updates.example.com/ orbit/linux/stable/orbit --trusted-root ROOT.json --out DIR'],
  'init-config': ['init-config', 'init-config --name orbit --root ROOT.json --hosting stack --key-type go-tuf-file'],
  status: [
    'status DIR --trusted-root ROOT.json',
    'status https://updates.example.com/ --trusted-root ROOT.json',
    'status orbit --html status.html',
  ],
  pause: ['pause orbit --reason "moving the key to KMS" --for "3 days"'],
  resume: ['resume orbit'],
  audit: ['audit orbit'],
  drill: ['drill orbit'],
  publish: [
    'publish orbit',
    'publish orbit DIR --dry-run',
    'publish s3://my-bucket/tuf DIR',
    'publish ./out DIR --prune',
  ],
  updates: [
    'updates init --path DIR',
    'updates add --path DIR --target ./orbit --name orbit --platform linux --version 1.2.0 --tag stable',
    'updates list --path DIR',
  ],
  'updates init': [
    'updates init',
    'updates init --path DIR --root-validity "1825 days" --timestamp-validity "7 days"',
    'updates init --consistent-snapshots',
  ],
  'updates roots': ['updates roots', 'updates roots --path DIR'],
  'updates add': [
    'updates add --target ./orbit --name orbit --platform linux --version 1.2.0 --tag 1.2,1,stable',
    'updates add --target ./hello.ext.exe --name extensions/hello --platform windows --version 0.1 --tag edge',
    'updates add --folder build --tag stable',
  ],
  'updates list': ['updates list', 'updates list --path DIR --json'],
  'updates remove': [
    'updates remove orbit/linux/1.2.0/orbit',
    'updates remove --name orbit --platform linux --version 1.2.0',
    'updates remove --name orbit --platform linux --tag edge',
  ],
  'updates timestamp': ['updates timestamp', 'updates timestamp --path DIR --timestamp-validity "7 days"'],
  'updates rotate': ['updates rotate timestamp', 'updates rotate root --path DIR'],
  'updates extend': ['updates extend root --root-validity "4000 days"', 'updates extend targets --path DIR'],
  'updates add-key': [
    'updates add-key timestamp timestamp-key.json',
    'updates add-key root holder.json --threshold 2',
    'updates add-key snapshot --generate',
  ],
  'updates revoke-key': ['updates revoke-key timestamp KEYID'],
  'updates stage-root': [
    'updates stage-root next-root.json',
    'updates stage-root next-root.json --add-key root=holder.json --threshold root=2',
  ],
  'updates sign': ['updates sign next-root.json --key keys/root.json --trusted-root root.json'],
  'updates publish-root': ['updates publish-root next-root.json', 'updates publish-root alice.json bob.json'],
  'updates generate-key': ['updates generate-key root'],
  'updates change-passphrase': ['updates change-passphrase root', 'updates change-passphrase timestamp --path DIR'],
};

/** The end of a command's help. */
export function examplesOf(command: string): string {
  const lines = EXAMPLES[command] ?? [];
  return ['', 'Examples:', ...lines.map((line) => `    timekeeper ${line}`)].join('\n');
}
