import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cliPath, packageRoot } from '../support/cli.js';

/**
 * Every line of shell that README and GUIDE show, given to a shell as it stands. What stands in for another machine: programs of
 * these names, and for a pid in an example the machine that the line is run in.
 */
const documents = ['README.md', 'GUIDE.md']
  .map((name) => readFileSync(join(packageRoot, name), 'utf8'))
  .join('\n');
const all = [...documents.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
  .flatMap(([, text = '']) => text.replaceAll('\\\n', ' ').split('\n'))
  .filter((line) => line.trim() !== '')
  // What a clone begins with: whoever runs this has run it.
  .filter((line) => !line.startsWith('npm install'));
/** A line that both documents show is run once. */
const lines = [...new Set(all)];

const WATCH_MS = 2_000;
const LIVENESS_MS = 45_000;
/** 0, 1 and 3 are answers; 64 is what a document must not show, and 127 no program. */
const ANSWERS = [0, 1, 3];

describe('the shell lines of README and GUIDE', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gpuprobe-readme-shell-'));
    mkdirSync(join(folder, 'bin'));
    const program = (name: string, text: string) => {
      writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(folder, 'bin', name), 0o755);
    };
    program('gpuprobe', `exec "${process.execPath}" "${cliPath()}" "$@"`);
    program('npx', 'exec "$@"');
    program('nvidia-smi', 'test -n "$GPUPROBE_SIM_WORLD"');
    writeFileSync(join(folder, 'service.js'), 'if (!process.env.GPUPROBE_SIM_WORLD) process.exitCode = 7;');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function run(line: string) {
    const onMachine = /\bsim (set|show --world)\b/.test(line);
    const own = line.replace(/ --world \d+/, '');
    const watching = /gpuprobe watch/.test(line);
    const [first = '', ...rest] = onMachine
      ? ['gpuprobe', 'sim', 'healthy', '--', 'sh', '-c', own]
      : ['sh', '-c', watching ? `exec ${line}` : line];
    const child = spawn(first, rest, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { ...process.env, NO_COLOR: '1', PATH: `${join(folder, 'bin')}:${process.env.PATH}` },
    });
    let output = '';
    child.stdout.on('data', (text: Buffer) => {
      output += text;
    });
    child.stderr.on('data', (text: Buffer) => {
      output += text;
    });
    const end = (signal: NodeJS.Signals) => process.kill(-(child.pid as number), signal);
    // Ctrl-C is for the whole job.
    const timer = setTimeout(() => end(watching ? 'SIGINT' : 'SIGKILL'), watching ? WATCH_MS : LIVENESS_MS);
    const [status, signal] = await once(child, 'close');
    clearTimeout(timer);
    return { status, signal, output };
  }

  it.each(lines)('%s', async (line) => {
    const { status, signal, output } = await run(line);
    expect({ signal, output }).toEqual({ signal: null, output: expect.not.stringMatching(/not found|ERR_/) });
    expect(ANSWERS, output).toContain(status);
  });

  it('are more than a few', () => expect(lines.length).toBeGreaterThan(15));
});
