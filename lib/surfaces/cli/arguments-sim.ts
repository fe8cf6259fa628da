import type { Simulation } from '../../probe/options.js';
import { UsageError } from './usage-error.js';

/** What `gpuprobe sim` is asked for. */
export type SimInvocation = { command: 'sim'; color: boolean } & (
  | { action: 'help' | 'list' | 'schema' }
  | { action: 'run'; simulation: Simulation; program: readonly [string, ...string[]] }
  | { action: 'show'; scenario: string | null; world: string | null }
  | { action: 'set'; assignments: readonly string[]; world: string | null }
);

interface Words {
  positionals: readonly string[];
  /** What stands after `--`; null without one. */
  program: readonly string[] | null;
  list: boolean;
  schema: boolean;
  world: string | null;
  time: Omit<Simulation, 'scenario'>;
}

const FORMS =
  'gpuprobe sim --list, sim SCENARIO -- COMMAND..., sim set FIELD=VALUE..., sim show [SCENARIO], sim --schema';

function only(allowed: readonly (keyof Words)[], words: Words, form: string): void {
  const given: Record<string, boolean> = {
    positionals: words.positionals.length > 0,
    program: words.program !== null,
    world: words.world !== null,
    time: Object.keys(words.time).length > 0,
  };
  const wrong = Object.keys(given).find((key) => given[key] && !allowed.includes(key as keyof Words));
  if (wrong !== undefined) throw new UsageError(`sim ${form} takes nothing else; forms: ${FORMS}`);
}

/** Reads the words of `gpuprobe sim`. Throws {@link UsageError}. */
export function parseSim(words: Words, color: boolean): SimInvocation {
  const [word, ...rest] = words.positionals;
  const base = { command: 'sim', color } as const;
  for (const action of ['list', 'schema'] as const) {
    if (!words[action]) continue;
    only([], words, `--${action}`);
    return { ...base, action };
  }
  if (word === 'set') {
    only(['positionals', 'world'], words, 'set FIELD=VALUE... [--world PID]');
    if (rest.length === 0) {
      throw new UsageError(
        'sim set needs FIELD=VALUE, such as devices.0.temperatureCelsius=91 or access=revoked',
      );
    }
    return { ...base, action: 'set', assignments: rest, world: words.world };
  }
  if (word === 'show') {
    only(['positionals', 'world'], words, 'show [SCENARIO] [--world PID]');
    if (rest.length > 1 || (rest.length === 1 && words.world !== null)) {
      throw new UsageError('sim show takes one scenario, or one running machine by --world');
    }
    return { ...base, action: 'show', scenario: rest[0] ?? null, world: words.world };
  }
  only(['positionals', 'program', 'time'], words, 'SCENARIO [--from MOMENT] [--speed N] -- COMMAND...');
  const [first, ...others] = words.program ?? [];
  if (word === undefined) throw new UsageError(`sim needs a scenario; forms: ${FORMS}`);
  if (rest.length > 0 || first === undefined) {
    throw new UsageError(`sim ${word} needs -- and a program: gpuprobe sim ${word} -- nvidia-smi`);
  }
  return {
    ...base,
    action: 'run',
    simulation: { scenario: word, ...words.time },
    program: [first, ...others],
  };
}
