import type { Facts, Report } from '../../lib/probe/report.js';
import type { CliContext, CommandResult } from '../../lib/surfaces/cli/context.js';
import { run } from '../../lib/surfaces/cli/run.js';
import { judge } from '../../lib/verdict/judge.js';
import { facts } from '../verdict/facts.js';

const simulator: Partial<Awaited<ReturnType<CliContext['simulator']>>> = {
  listScenarios: () => [
    { name: 'healthy', description: 'One GPU, well.' },
    { name: 'access-revoked', description: 'The device cgroup takes the GPU away.' },
  ],
};

/** What a command finds around it, without a driver, an addon or a terminal. */
export function context(different: Partial<CliContext> = {}): CliContext {
  return {
    probe: async (options) => reportOf(facts(), options.require),
    monitor: async () => Promise.reject(new Error('no monitor here')),
    guard: async () => Promise.reject(new Error('no guard here')),
    untilAskedToEnd: async () => 'SIGTERM',
    simulator: async () => simulator as Awaited<ReturnType<CliContext['simulator']>>,
    installation: () => import('../../lib/probe/installation.js'),
    version: () => '1.2.3',
    stdout: { write: () => true },
    stderr: { write: () => true },
    stdin: {},
    env: {},
    now: () => 0,
    ...different,
  };
}

/** Runs a command line as a shell would split it. */
export function gpuprobe(line: string, different: Partial<CliContext> = {}): Promise<CommandResult> {
  return run(line.split(' ').filter(Boolean), context(different));
}

export function reportOf(given: Facts, require?: number): Report {
  return judge(given, { require });
}

/** A probe that finds these facts. */
export function finding(given: Facts): Pick<CliContext, 'probe'> {
  return { probe: async (options) => reportOf(given, options.require) };
}
