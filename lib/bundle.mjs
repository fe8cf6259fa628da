// npm run build:bundle: the library and the command as few files in dist/. Loading a hundred small modules costs more
// than half of what a one-shot probe takes. Parts that are imported on use stay files of their own.
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

/** What is loaded together is one file; the first that takes a module has it. */
const PARTS = [
  {
    name: 'base',
    test: /lib\/(errors|events|format|options|paths|native\/catalog\.gen|probe\/(options|device-id)|sim\/simulation)\.ts$/,
  },
  { name: 'rules', test: /lib\/verdict\// },
  { name: 'simulator', test: /lib\/sim\// },
  { name: 'probes', test: /lib\/((native|probe)\/|probe\.ts|monitor\/ending)/ },
  { name: 'monitor', test: /lib\/monitor\// },
  { name: 'guard', test: /lib\/guard\// },
  {
    name: 'run',
    test: /lib\/surfaces\/cli\/(?!main|npd|redact|run-program|help)(\w|-)+\.ts$|lib\/surfaces\/cli\/(commands\/|human\/(event|paint|text))/,
  },
];

const root = fileURLToPath(new URL('..', import.meta.url));

rmSync(`${root}dist`, { recursive: true, force: true });
await build({
  cwd: root,
  input: { index: 'lib/index.ts', cli: 'lib/surfaces/cli/main.ts' },
  platform: 'node',
  external: /^node:/,
  tsconfig: 'lib/tsconfig.json',
  logLevel: 'warn',
  preserveEntrySignatures: 'allow-extension',
  output: {
    dir: 'dist',
    format: 'esm',
    sourcemap: true,
    // Less to read for Node; names stay, for stack traces.
    minify: { compress: false, mangle: false, codegen: true },
    codeSplitting: { groups: PARTS, includeDependenciesRecursively: false },
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
  },
});
