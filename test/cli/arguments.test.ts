import { describe, expect, it } from 'vitest';
import { parseArguments } from '../../lib/surfaces/cli/arguments.js';
import { OPTIONS } from '../../lib/surfaces/cli/options.js';
import { run } from '../../lib/surfaces/cli/run.js';
import { UsageError } from '../../lib/surfaces/cli/usage-error.js';
import { context, gpuprobe } from './context.js';

const parse = (line: string) => parseArguments(line.split(' ').filter(Boolean));

describe('a command line', () => {
  it('means check where it names no command', () => {
    const plain = { command: 'check', format: 'human', failOnDegraded: false, color: true, probe: {} };
    expect(parse('')).toEqual(plain);
    expect(parse('check')).toEqual(plain);
  });

  it('hands every option on', () => {
    const line =
      '--json --deadline 250 --checks nodes,nvml,cuda.init --require 8 --fail-on degraded ' +
      '--isolation thread --sim healthy --force --no-color';
    expect(parse(line)).toEqual({
      command: 'check',
      format: 'json',
      failOnDegraded: true,
      color: false,
      probe: {
        deadlineMs: 250,
        checks: ['nodes', 'nvml', 'cuda.init'],
        require: 8,
        isolation: 'thread',
        simulate: { scenario: 'healthy' },
        force: true,
      },
    });
  });

  it('leaves the words after -- to the program', () => {
    expect(parse('sim healthy --speed 60 --from 12:28:30 -- nvidia-smi --list -- --help')).toEqual({
      command: 'sim',
      action: 'run',
      color: true,
      simulation: { scenario: 'healthy', from: '12:28:30', speed: 60 },
      program: ['nvidia-smi', '--list', '--', '--help'],
    });
  });

  it('takes options before and after the command, with = too', () => {
    expect(parse('--deadline=250 check --format=json')).toMatchObject({
      probe: { deadlineMs: 250 },
      format: 'json',
    });
    expect(parse('explain gpu-lost --no-color')).toEqual({
      command: 'explain',
      id: 'gpu-lost',
      color: false,
    });
    expect(parse('sim --list')).toEqual({ command: 'sim', action: 'list', color: true });
  });

  it('is help or version before all else', () => {
    expect(parse('check --deadline 5 -h')).toEqual({ command: 'help' });
    expect(parse('--version')).toEqual({ command: 'version' });
  });

  it.each<[string, string]>([
    ['--deadline', 'needs a value'],
    ['--deadline soon', '1 to 3600000, not "soon"'],
    ['--deadline 0', '1 to 3600000, not "0"'],
    ['--deadline -5', '1 to 3600000, not "-5"'],
    ['--deadline 1.5', '1 to 3600000, not "1.5"'],
    ['--deadline 3600001', '1 to 3600000, not "3600001"'],
    ['--deadline 0x10', '1 to 3600000, not "0x10"'],
    ['--deadline=', '1 to 3600000, not ""'],
    ['--require', 'needs a value'],
    ['--require 0', '1 to 64, not "0"'],
    ['--require 65', '1 to 64, not "65"'],
    ['--require all', '1 to 64, not "all"'],
    ['--checks', 'needs a value'],
    ['--checks=', 'one of nodes, nvml.load'],
    ['--checks nvml,gpu', 'nvml, cuda, nvenc, egl, not "gpu"'],
    ['--checks nvml,,cuda', 'not ""'],
    ['--format xml', 'one of human, json, npd, not "xml"'],
    ['--format', 'needs a value'],
    ['--json --format human', 'contradicts'],
    ['--json=yes', 'takes no value'],
    ['--fail-on unknown', '--fail-on takes degraded, not "unknown"'],
    ['--fail-on', 'needs a value'],
    ['--isolation fork', 'one of process, thread, not "fork"'],
    ['--isolation', 'needs a value'],
    ['--sim', 'needs a value'],
    ['--sim --json', 'a scenario, not "--json"'],
    ['--sim=', 'a scenario, not ""'],
    ['--force=1', 'takes no value'],
    ['--no-color=1', 'takes no value'],
    ['--help=1', 'takes no value'],
    ['--version=1', 'takes no value'],
    ['--list', '--list goes with sim, not with check'],
    ['--colour', 'unknown option "--colour"; options: --json'],
    ['-x', 'unknown option "-x"'],
    ['physician', 'unknown command "physician"; commands: check, watch, explain, doctor, sim'],
    ['toString', 'unknown command "toString"'],
    ['--constructor', 'unknown option "--constructor"'],
    ['check twice', 'unexpected "twice"'],
    ['explain one two', 'unexpected "two"'],
    ['explain gpu-lost --json', '--json goes with check, watch, doctor, not with explain'],
    ['sim', 'sim needs a scenario; forms: gpuprobe sim --list'],
    ['sim healthy --list', 'sim --list takes nothing else'],
    ['sim healthy', 'sim healthy needs -- and a program'],
    ['sim healthy --', 'sim healthy needs -- and a program'],
    ['sim healthy idle -- true', 'sim healthy needs -- and a program'],
    ['sim -- true', 'sim needs a scenario'],
    ['sim set', 'sim set needs FIELD=VALUE'],
    ['sim set a=1 --speed 2', 'sim set FIELD=VALUE... [--world PID] takes nothing else'],
    ['sim show healthy --world 4', 'sim show takes one scenario, or one running machine'],
    [
      'sim healthy --world 4 -- true',
      'sim SCENARIO [--from MOMENT] [--speed N] -- COMMAND... takes nothing else',
    ],
    ['sim healthy --speed 0 -- true', '--speed takes an integer from 1 to 3600, not "0"'],
    [
      'sim healthy --from noon -- true',
      '--from takes seconds, or a time of day such as 12:28:30, not "noon"',
    ],
    ['--from 12:28:30', '--from and --speed go with --sim SCENARIO'],
    ['check -- true', 'unexpected "--"'],
  ])('%s is refused, with what is allowed', async (line, said) => {
    expect(() => parse(line)).toThrow(UsageError);
    const { exitCode, stdout, stderr } = await gpuprobe(line);
    expect(exitCode).toBe(64);
    expect(stdout).toBe('');
    expect(stderr).toContain(said);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('keeps to one line whatever was typed', async () => {
    for (const argv of [['--sim', '-a\nb\u001b[31m'], ['a\nb\u001b[31m']]) {
      const { stderr } = await run(argv, context());
      expect(stderr.trimEnd()).not.toMatch(/\n|\p{Cc}/u);
    }
  });

  it('has every option in the help, examples first', async () => {
    const { stdout, exitCode } = await gpuprobe('--help');
    expect(exitCode).toBe(0);
    for (const name of Object.keys(OPTIONS)) expect(stdout).toContain(`--${name}`);
    expect(stdout.indexOf('Examples:')).toBeLessThan(stdout.indexOf('Options:'));
    const examples = [...stdout.matchAll(/^ {2}gpuprobe (.*?)(?: {2}.*)?$/gm)].map(([, line = '']) => line);
    for (const example of examples) {
      if (!example.includes('[')) expect(() => parse(example), example).not.toThrow();
    }
  });
});
