/** What commander gets in place of node:child_process; see esbuild.config.js. */
export {};
