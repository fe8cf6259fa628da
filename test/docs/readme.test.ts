import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseArguments } from '../../lib/surfaces/cli/arguments.js';
import { EXIT } from '../../lib/surfaces/cli/exit-codes.js';
import { gpuprobe, packageRoot } from '../support/cli.js';
import { FINDINGS, sectionOf, TABLES } from './tables.js';

/** What README and GUIDE promise, checked: tables against the data, commands and programs by running them. */
const text = (name: string) => readFileSync(join(packageRoot, name), 'utf8');
const readme = text('README.md');
const guide = text('GUIDE.md');

interface Block {
  language: string;
  text: string;
}

const blocks: Block[] = [...`${readme}\n${guide}`.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(
  ([, language = '', text = '']) => ({
    language,
    text,
  }),
);

const textsIn = (...languages: string[]) =>
  blocks.filter(({ language }) => languages.includes(language)).map(({ text }) => text);

/** The arguments of every `gpuprobe` in a shell line: `npm run build && npx gpuprobe --json > x` has `--json`. */
function invocations(line: string): string[][] {
  return line
    .replace(/\s#.*$/, '')
    .split(/&&|\|\||[;|]/)
    .flatMap((command) => {
      const call = /(?:^|\s)(?:npx )?(?:\S*\/)?gpuprobe(?=\s|$)([^>]*)/.exec(command);
      return call === null ? [] : [(call[1] ?? '').split(/\s+/).filter(Boolean)];
    });
}

/** A Dockerfile's `CMD ["a", "b"]` as a shell would write it. */
const unquoted = (line: string) =>
  line.replace(/\["(.*)"\]/, (_, list: string) => list.replaceAll('", "', ' '));

const commands = textsIn('sh', 'dockerfile')
  .flatMap((text) => text.replaceAll('\\\n', ' ').split('\n'))
  .map(unquoted)
  .flatMap(invocations);

/** What these ask never depends on the machine, or on one that runs already: it can be run anywhere. */
const isSafe = (args: readonly string[]) =>
  // It watches until it is told to end: test/cli/watch.test.ts does.
  args[0] !== 'watch' &&
  !['--', 'set', '--world'].some((word) => args.includes(word)) &&
  (['--sim', '--help', '-h', '--version'].some((option) => args.includes(option)) ||
    ['explain', 'sim'].includes(args[0] ?? ''));

describe('the tables', () => {
  it.each(Object.entries(TABLES))('%s say what the data says', (name, expected) => {
    expect(
      sectionOf(guide, name),
      `GUIDE.md: between the markers of "${name}" belongs\n\n${expected}\n`,
    ).toBe(expected);
  });

  it.each([readme, guide])('exit codes are those of the command line', (document) => {
    const codes = [...document.matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
    expect(codes).toEqual(Object.values(EXIT));
  });

  it('findings are printed from the rules', async () => {
    await expect(FINDINGS).toMatchFileSnapshot('../../FINDINGS.md');
  });
});

describe('the commands', () => {
  it('stand in the first two lines of code as every clone runs them', () => {
    const [first, second] = textsIn('sh').map((text) => text.trimEnd());
    expect(first).toBe('npm install && npm run build && npx gpuprobe');
    expect(second).toBe('npm install && npm run build && npm test && npm run test:real');
  });

  it.each(commands.map((args) => [args.join(' '), args] as const))('gpuprobe %s: can be meant', (_, args) => {
    expect(() => parseArguments(args)).not.toThrow();
  });
});

describe('the output it shows', () => {
  /** Time, host and how long it took are another run's. */
  const comparable = (line: string) =>
    / \d{4}-\d\d-\d\dT/.test(line) ? '' : line.replace(/\d+(\.\d s| ms);/, '');
  const shown = textsIn('text')
    .map((text) => text.trimEnd().split('\n'))
    .filter(([prompt = '']) => prompt.startsWith('$ npx gpuprobe') && isSafe(prompt.split(' ')));

  it.each(shown.map(([prompt = '', ...lines]) => [prompt, lines] as const))('%s', async (prompt, lines) => {
    const { stdout } = await gpuprobe(prompt.split(' ').slice(3));
    const real = stdout.split('\n').map(comparable);
    let at = 0;
    for (const [index, line] of lines.entries()) {
      if (line === '…') continue;
      // Lines are left out only where a `…` says so.
      if (lines[index - 1] === '…') at = real.indexOf(comparable(line), at);
      expect(real[at], `line ${index + 1} of what README shows`).toBe(comparable(line));
      at += 1;
    }
  });

  it('is there', () => expect(shown).not.toHaveLength(0));
});

describe('the programs', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'gpuprobe-readme-'));
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(packageRoot, join(folder, 'node_modules', 'gpuprobe'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const all = textsIn('js');
  const servers = all.filter((text) => text.includes('createServer'));
  const programs = all.filter((text) => !servers.includes(text));
  it.each(programs.map((text, index) => [index + 1, text] as const))('%i runs', async (index, text) => {
    const file = join(folder, `${index}.${text.includes('require(') ? 'cjs' : 'mjs'}`);
    writeFileSync(file, text);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { cwd: folder });
    expect(stderr).toBe('');
    expect(stdout).not.toBe('');
  });

  it('that is a server answers 201, 503 with Retry-After at the limit, and its health', async () => {
    expect(servers).toHaveLength(1);
    const [server = ''] = servers;
    // About twenty lines, without those that are empty or a comment.
    expect(server.split('\n').filter((line) => /^\s*[^/\s]/.test(line)).length).toBeLessThanOrEqual(22);
    const file = join(folder, 'server.mjs');
    writeFileSync(
      file,
      `${server}
      const { port } = server.listening ? server.address() : await new Promise((resolve) =>
        server.once('listening', () => resolve(server.address())));
      const ask = async (path, method) => {
        const answer = await fetch(\`http://localhost:\${port}\${path}\`, { method });
        return { status: answer.status, retryAfter: answer.headers.get('retry-after'), body: await answer.json() };
      };
      const answers = [];
      for (let i = 1; i <= 6; i++) answers.push(await ask(\`/sessions/\${i}\`, 'POST'));
      answers.push(await ask('/health', 'GET'), await ask('/sessions/3', 'DELETE'), await ask('/sessions/6', 'POST'));
      console.error(JSON.stringify(answers));
      process.exit();`,
    );
    const env = { ...process.env, PORT: '0' };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { cwd: folder, env });
    expect(stdout).toBe('4 of 5 sessions\n');
    const answers = JSON.parse(stderr);
    expect(answers.map(({ status }: { status: number }) => status)).toEqual([
      201, 201, 201, 201, 201, 503, 200, 200, 201,
    ]);
    expect(answers[5]).toMatchObject({
      retryAfter: '30',
      body: {
        message: expect.stringContaining('(5/5 sessions active)'),
        helpUrl: 'https://example.org/sessions',
      },
    });
    expect(answers[6].body.sessions).toMatchObject({ count: 5, max: 5 });
  });

  it('are of both kinds, and none is in a language that is not run', () => {
    expect(programs.filter((text) => text.includes('require('))).not.toHaveLength(0);
    expect(programs.filter((text) => text.includes('import {'))).not.toHaveLength(0);
    const known = ['sh', 'js', 'text', 'dockerfile'];
    expect(blocks.filter(({ language }) => !known.includes(language))).toEqual([]);
  });
});
