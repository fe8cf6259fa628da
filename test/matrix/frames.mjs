// Cells of another kind: what a program in the warden's place may send, or not send, and the service's promises.
import { execFileSync, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundled } from './bundle.mjs';

const ROGUE = fileURLToPath(new URL('../../build/tests/rogue-warden', import.meta.url));
const LIVENESS_MS = 120_000;

/** By name, alone and followed by a right answer. */
export function frameCells() {
  if (!existsSync(ROGUE)) throw new Error('no build/tests/rogue-warden: run `node test/run.mjs native`');
  const names = execFileSync(ROGUE, ['--list'], { encoding: 'utf8' }).trim().split('\n');
  return names.flatMap((name) => [name, `${name}+answer`]).map((rogue) => ({ id: `warden/${rogue}`, rogue }));
}

export function runFrameCell({ rogue }) {
  const child = fork(bundled('frame-service'), [ROGUE], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, GPUPROBE_SIM_ROGUE: rogue },
  });
  return new Promise((resolve) => {
    let problems = ['the service said nothing'];
    const timer = setTimeout(() => {
      problems = ['a promise never settled'];
      child.kill('SIGKILL');
    }, LIVENESS_MS);
    child.once('message', (message) => {
      problems = message.problems;
    });
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      resolve(code === 0 ? problems : [...problems, `the service ended: ${signal ?? `code ${code}`}`]);
    });
  });
}
