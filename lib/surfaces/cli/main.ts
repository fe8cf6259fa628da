#!/usr/bin/env node
import { writeSync } from 'node:fs';
import type { CommandResult } from './context.js';

/** Exit code 3: cannot tell. Node's own code for an uncaught error is 1, which would mean a broken GPU. */
const CANNOT_TELL = 3;

/** Set once a part of the library is loaded that may start helpers. */
let endHelpers: ((limitMs: number) => void) | undefined;

// Runs first, before imports that could fail. The exit code is also not 0 if Node exits without a verdict
// because nothing is left to wait for.
process.exitCode = CANNOT_TELL;
process.on('uncaughtException', giveUp);
process.on('unhandledRejection', giveUp);

function giveUp(error: unknown): never {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  try {
    writeSync(2, `gpuprobe: internal error: ${message.replace(/\s+/g, ' ')}\n`);
  } catch {
    // Nobody reads it; the exit code still tells.
  }
  process.exitCode = CANNOT_TELL;
  exit();
}

/** A container's PID 1 may never reap orphans; destroying a context on a real GPU takes 55 to 70 ms. */
const HELPERS_MS = 1000;

function cleanUp(): void {
  endHelpers?.(HELPERS_MS);
}

/** Exits with the exit code that was set. */
function exit(): never {
  cleanUp();
  process.exit();
}

/**
 * Exits as soon as all output is written, and not before: a report of many GPUs is larger than a pipe buffer.
 * EPIPE is not an error: the reader has what it wanted.
 */
function finish({ exitCode, stdout, stderr }: CommandResult): void {
  process.exitCode = exitCode;
  process.stderr.write(stderr, () => process.stdout.write(stdout, leave));
}

function leave(error?: Error | null): void {
  if (error && (error as NodeJS.ErrnoException).code !== 'EPIPE') giveUp(error);
  exit();
}

async function start(): Promise<void> {
  // Commands that print continuously may lose their reader at any time.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', leave);
  const { run, createSignals, packageVersion } = await import('./parts/run.js');
  const signals = createSignals(cleanUp);
  /** Loads a part of the library that may start helpers. */
  async function library<Part extends { endHelpers: (limitMs: number) => void }>(
    load: () => Promise<Part>,
  ): Promise<Part> {
    signals.catchEndings();
    const part = await load();
    endHelpers = part.endHelpers;
    return part;
  }
  finish(
    await run(process.argv.slice(2), {
      probe: async (options, hooks) =>
        (await library(() => import('./parts/probe.js'))).probe(options, hooks),
      monitor: async (options) => (await library(() => import('./parts/monitor.js'))).createGpuProbe(options),
      guard: async (gpu, options) => (await import('../../guard/create-guard.js')).createGuard(gpu, options),
      untilAskedToEnd: signals.untilAskedToEnd,
      simulator: () => import('../../sim/simulator.js'),
      installation: () => library(() => import('./parts/installation.js')),
      version: packageVersion,
      stdout: process.stdout,
      stderr: process.stderr,
      stdin: process.stdin,
      env: process.env,
      now: () => performance.now(),
    }),
  );
}

await start();
