#!/usr/bin/env node
import { writeSync } from 'node:fs';
import type { Ending } from './surroundings.js';

/** Exit code 3: cannot tell. Node's own code for an uncaught error is 1, which would read as a broken GPU. */
const CANNOT_TELL = 3;

// First of all, and before anything that could fail is imported. Should the end be reached without a
// verdict, because nothing is left to wait for, that is no 0 either.
process.exitCode = CANNOT_TELL;
process.on('uncaughtException', giveUp);
process.on('unhandledRejection', giveUp);

function giveUp(error: unknown): never {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  try {
    writeSync(2, `gpuprobe: internal error: ${message.replace(/\s+/g, ' ')}\n`);
  } catch {
    // Nobody is there to read it; the exit code still tells.
  }
  process.exit(CANNOT_TELL);
}

/**
 * Leaves as soon as all is written and not before: a report of many GPUs is larger than a pipe, and a helper
 * process that hangs in the driver must not delay the end. A reader that has gone (EPIPE) has what it wanted.
 */
function finish({ exitCode, stdout, stderr }: Ending): void {
  process.exitCode = exitCode;
  process.stderr.write(stderr, () => process.stdout.write(stdout, leave));
}

function leave(error?: Error | null): void {
  if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') giveUp(error);
  process.exit();
}

/** The signals by which a person or a supervisor asks. */
const ENDINGS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function untilAskedToEnd(): Promise<NodeJS.Signals> {
  // A monitor keeps no process alive, and this one is there for it.
  const alive = setInterval(() => {}, 2 ** 30);
  return new Promise((resolve) => {
    for (const signal of ENDINGS) {
      process.once(signal, () => {
        clearInterval(alive);
        resolve(signal);
      });
    }
  });
}

async function start(): Promise<void> {
  // A command that tells as it goes may lose its reader at any time.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', leave);
  const [{ run }, { createRequire }] = await Promise.all([import('./run.js'), import('node:module')]);
  const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string };
  finish(
    await run(process.argv.slice(2), {
      probe: async (options, hooks) => (await import('../../monitor/one-shot.js')).probe(options, hooks),
      monitor: async (options) => (await import('../../monitor/create-gpu-probe.js')).createGpuProbe(options),
      guard: async (gpu, options) => (await import('../../guard/create-guard.js')).createGuard(gpu, options),
      untilAskedToEnd,
      simulator: () => import('../../monitor/simulation.js'),
      examiner: () => import('../../monitor/examination.js'),
      version,
      stdout: process.stdout,
      stderr: process.stderr,
      stdin: process.stdin,
      env: process.env,
      now: () => performance.now(),
    }),
  );
}

await start();
