import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Simulation } from '../../probe/options.js';
import type { CommandContext, CommandResult } from './context.js';

/** Exit codes of env(1) and shells: the program does not exist, or cannot be executed. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;
const SIGNAL_BASE = 128;
/** The longest delay that setTimeout accepts; it fires immediately for a longer one. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGINT', 'SIGQUIT'] as const;

type Context = Pick<CommandContext, 'env' | 'stderr' | 'stdin'> & {
  simulator: Awaited<ReturnType<CommandContext['simulator']>>;
};

/** `gpuprobe sim SCENARIO -- COMMAND`: waits for the program, and exits like it. */
export function runProgram(
  simulation: Simulation,
  program: readonly [string, ...string[]],
  { simulator, env, stderr, stdin }: Context,
): Promise<CommandResult> {
  const [command, ...words] = program;
  const environment = simulator.simulatedEnvironment(simulation, env);
  stderr.write(
    `gpuprobe: ${command} runs on a simulated driver (${simulation.scenario}); ` +
      `to change it: gpuprobe sim set --world ${process.pid} FIELD=VALUE\n`,
  );
  const narration = simulator
    .narrate(simulation)
    .map(({ afterMs, at, says }) =>
      setTimeout(
        () => stderr.write(`gpuprobe: [simulated] ${at} ${says}\n`),
        Math.min(afterMs, LONGEST_TIMER_MS),
      ).unref(),
    );
  const child = spawn(command, words, { stdio: 'inherit', env: environment });
  const forward = (signal: NodeJS.Signals) => {
    // A terminal sends keyboard signals to both processes.
    const fromKeyboard = (signal === 'SIGINT' || signal === 'SIGQUIT') && stdin.isTTY === true;
    if (!fromKeyboard) child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  return new Promise((resolve) => {
    const end = (exitCode: number, message = '') => {
      for (const timer of narration) clearTimeout(timer);
      for (const signal of FORWARDED) process.off(signal, forward);
      resolve({ exitCode, stdout: '', stderr: message });
    };
    child.on('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT';
      const reason = missing ? 'no such program' : `could not be run: ${error.message}`;
      end(missing ? NOT_FOUND : NOT_EXECUTABLE, `gpuprobe: ${JSON.stringify(command)}: ${reason}\n`);
    });
    child.on('close', (code, signal) => {
      end(code ?? SIGNAL_BASE + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
