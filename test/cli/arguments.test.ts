import { describe, expect, it } from 'vitest';
import { commandsOf, OPTIONS, parseArguments } from '../../lib/surfaces/cli/arguments.js';
import { COMMANDS } from '../../lib/surfaces/cli/commands/index.js';
import { run } from '../../lib/surfaces/cli/run.js';
import { UsageError } from '../../lib/surfaces/cli/usage-error.js';
import { context, gpuprobe } from './context.js';

/** What a line asks of which command; or the name of the command whose help it asks for. */
function parse(line: string): object {
  const invocation = parseArguments(line.split(' ').filter(Boolean));
  if (invocation.action === 'version') return invocation;
  const command = invocation.command?.name ?? null;
  if (invocation.action === 'help') return { help: command };
  return { command, color: invocation.color, ...invocation.asked };
}

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
    expect(parse('--deadline 5 -h')).toEqual({ help: null });
    expect(parse('check --deadline 5 -h')).toEqual({ help: 'check' });
    expect(parse('explain one two --help')).toEqual({ help: 'explain' });
    expect(parse('--version')).toEqual({ action: 'version' });
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
    // Its value is taken for a command: the option is what is wrong.
    ['--deadlne 5', 'unknown option "--deadlne"; did you mean --deadline?'],
    ['--jsno', 'unknown option "--jsno"; did you mean --json? options: --json, --format'],
    ['demo --speeed 9', 'did you mean --speed? options: --speed, --no-color, --help, --version'],
    ['wach', 'unknown command "wach"; did you mean watch? commands: check'],
    ['physician', 'unknown command "physician"; commands: check, watch, explain, doctor, sim'],
    ['toString', 'unknown command "toString"'],
    ['--constructor', 'unknown option "--constructor"'],
    ['check twice', 'unexpected "twice"'],
    ['explain one two', 'unexpected "two"'],
    ['explain gpu-lost --json', '--json goes with check, watch, doctor, not with explain'],
    ['sim', 'sim needs a scenario; forms: gpuprobe sim SCENARIO -- COMMAND..., sim set'],
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
    for (const { name } of OPTIONS) expect(stdout).toContain(`--${name}`);
    expect(stdout.indexOf('Examples:')).toBeLessThan(stdout.indexOf('Options:'));
  });

  it.each(COMMANDS)('has a help of its own for $name: an example first, and its options', async (command) => {
    const { stdout, exitCode } = await gpuprobe(`${command.name} --help`);
    expect(exitCode).toBe(0);
    expect(/^\S+:$/m.exec(stdout)?.[0]).toBe('Examples:');
    for (const option of OPTIONS) {
      const isThere = new RegExp(`^ {2}(-., )?--${option.name}\\b`, 'm').test(stdout);
      const isOwn = OPTIONS.some((one) => one.name === option.name && commandsOf(one).includes(command.name));
      expect({ option: option.name, isThere }).toEqual({ option: option.name, isThere: isOwn });
    }
  });

  it.each(COMMANDS.flatMap(({ name, examples }) => examples.map(([line]) => [name, line] as const)))(
    'of %s can be meant: %s',
    (name, line) => {
      expect(parse(line.replace(/^gpuprobe ?/, ''))).toMatchObject({ command: name });
    },
  );
});
