// A service as any other: it probes by the public API, whatever the driver does. The runner tells it which cells.
// One machine to a service, so that what its warden holds at rest is known.
import { probe } from '../../build/lib/index.js';
import { loadAddon } from '../../build/lib/native/binding.js';
import { changeMachine, startMachine } from '../../build/lib/sim/machine.js';
import { lineOf, problemsOf } from './compare.mjs';
import { atRest, childrenOf, leftBehind, STAYING } from './leftovers.mjs';
import { promiseOf } from './promises.mjs';

const CHECKS = ['nodes', 'nvml', 'cuda'];
/** For answers that come: on no machine so busy that it would not be met. */
const AMPLE_MS = 120_000;

const simulate = process.argv[2];
const hangDeadlineMs = Number(process.argv[3]);
const machine = startMachine({ scenario: simulate });
const warden = () => loadAddon().binding.wardenPid();

let resting;

const look = (isolation, deadlineMs) =>
  probe({ simulate, isolation, deadlineMs, hardDeadlineMs: AMPLE_MS, checks: CHECKS });

/** What the machine says of itself when all is well; twice, so that it is at rest. */
async function well(isolation) {
  changeMachine(machine, { faults: [] });
  await look(isolation, AMPLE_MS);
  const report = await look(isolation, AMPLE_MS);
  if (isolation === 'process') resting = await atRest(warden());
  return report;
}

/** The processes that stay are killed, as by a person: those that follow open the driver under the fault. */
async function startAfresh() {
  for (const { pid, name } of childrenOf(warden())) if (STAYING.has(name)) process.kill(pid, 'SIGKILL');
  return leftBehind({ children: [] }, warden());
}

const isWell = (report) => report.verdict === 'ok' && report.checks.every(({ outcome }) => outcome === 'ok');

const notWell = (report) => [
  `after the fault: verdict ${report.verdict}`,
  ...report.checks
    .filter(({ outcome }) => outcome !== 'ok')
    .map((check) => `after the fault: ${lineOf(check)}`),
];

/** The fault is gone: the next probe says so, the one after it is as if nothing had been, and nothing is left. */
async function recover(wellReport, lacking) {
  changeMachine(machine, { faults: [] });
  const next = await look('process', AMPLE_MS);
  const problems = isWell(next) ? [] : notWell(next);
  problems.push(...(await leftBehind(resting, warden())));
  const promise = promiseOf({ fault: undefined, lacking, warm: true, inThread: false });
  const last = problemsOf(await look('process', AMPLE_MS), wellReport, promise);
  return [...problems, ...last.map((line) => `for good: ${line}`)];
}

/** A thread that hangs is lost for good; everything else in the process goes on. */
async function afterThread(cell) {
  changeMachine(machine, { faults: [] });
  const next = await look('thread', AMPLE_MS);
  if (!cell.hangs || !promiseOf(cell).struck)
    return isWell(next) || cell.fault === undefined ? [] : notWell(next);
  const asked = next.checks.filter(({ name }) => name === 'PROBE_STUCK');
  return asked.length > 0 && next.verdict !== 'ok'
    ? []
    : ['a thread that hangs was asked again', ...notWell(next)];
}

async function runCell(cell, wellReport) {
  const isolation = cell.inThread ? 'thread' : 'process';
  const needsRest = cell.inThread ? cell.warm : resting === undefined && cell.fault !== undefined;
  if (needsRest) await well(isolation);
  const problems = [];
  if (!cell.inThread && !cell.warm && resting !== undefined) problems.push(...(await startAfresh()));
  if (cell.fault !== undefined) changeMachine(machine, { faults: [cell.fault] });
  const report = await look(isolation, cell.hangs ? hangDeadlineMs : AMPLE_MS);
  problems.push(...problemsOf(report, wellReport, promiseOf(cell)));
  if (cell.inThread) problems.push(...(await afterThread(cell)));
  else if (cell.fault !== undefined) problems.push(...(await recover(wellReport, cell.lacking)));
  return problems;
}

process.on('message', async ({ cell, wellReport }) => {
  try {
    if (cell === undefined) process.send({ wellReport: await well('process') });
    else process.send({ problems: await runCell(cell, wellReport) });
  } catch (error) {
    process.send({ problems: [`threw: ${error?.stack ?? error}`] });
  }
});
process.on('disconnect', () => process.exit(0));
