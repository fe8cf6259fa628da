// One service on the sanitized build: does what its argument names and prints what it was told.
import { Worker } from 'node:worker_threads';
import { probe } from '../../build/lib/index.js';
import { loadAddon } from '../../build/lib/native/binding.js';
import { listScenarios } from '../../build/lib/sim/scenario.js';

const DEADLINES = { deadlineMs: 3000, hardDeadlineMs: 6000 };

/** @param {string} scenario @param {'process' | 'thread'} isolation */
async function told(scenario, isolation) {
  const report = await probe({ simulate: scenario, isolation, ...DEADLINES });
  const rows = report.checks
    .filter(({ outcome, name }) => outcome !== 'ok' && name !== 'NOT_IMPLEMENTED')
    .map(({ id, via, outcome, name }) => `${id}/${via} ${outcome} ${name}`);
  return `${scenario}: ${report.verdict} [${rows.join(', ')}]`;
}

/** @param {string} code */
const start = (code) =>
  new Worker(
    `import('${new URL('../../build/lib/index.js', import.meta.url)}').then(({ probe }) => ${code})`,
    {
      eval: true,
    },
  );

/** @type {Record<string, (name: string) => Promise<string>>} */
const CASES = {
  async scenarios() {
    const lines = [];
    for (const { name } of listScenarios()) lines.push(await told(name, 'process'));
    return lines.join('\n');
  },
  thread: (scenario) => told(scenario, 'thread'),
  // Terminated with a probe in flight, some before it has begun.
  async workers() {
    for (let i = 0; i < 20; i++) {
      const worker = start("probe({ simulate: 'hang-nvml-init', deadlineMs: 60000 })");
      if (i % 2 === 0) await new Promise((resolve) => worker.once('online', resolve));
      await new Promise((resolve) => setTimeout(resolve, i * 5));
      await worker.terminate();
    }
    return told('healthy', 'process');
  },
  async 'lost-warden'() {
    let settled = false;
    const lost = probe({ simulate: 'hang-nvml-init', deadlineMs: 60_000 })
      .catch((error) => error.code)
      .finally(() => {
        settled = true;
      });
    // Again, for one that was killed between two questions is replaced without a word.
    while (!settled) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const pid = loadAddon().binding.wardenPid();
      if (pid !== 0 && !settled) process.kill(pid, 'SIGKILL');
    }
    return `${await lost}; ${await told('healthy', 'process')}`;
  },
  async 'exit-in-flight'() {
    probe({ simulate: 'hang-cuda-context', deadlineMs: 60_000 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    return 'left';
  },
};

const [name = '', argument = ''] = process.argv.slice(2);
process.stdout.write(`${await CASES[name]?.(argument)}\n`, () => {
  // The others end by themselves, and so does all that they have begun.
  if (name === 'exit-in-flight') process.exit(0);
});
