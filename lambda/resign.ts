export { refresh } from '../lib/refresh/refresh.ts';
