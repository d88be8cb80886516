import { readTargets } from './targets-room.ts';

readTargets(process.argv[2] ?? '');
