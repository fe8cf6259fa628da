// A service whose warden is not the real one: it probes, gets an error with a code or a report, and nothing is left;
// and with the real warden back all is well.
import { setTimeout } from 'node:timers/promises';
import { GpuProbeError, probe } from '../../build/lib/index.js';
import { loadAddon } from '../../build/lib/native/binding.js';
import { ownDescriptors } from './leftovers.mjs';

/** Beyond it a silent warden is given up after a few seconds; nobody who answers is late. */
const DEADLINE_MS = 300;
const AMPLE_MS = 120_000;
const ROUNDS = 3;
const LOOK_EVERY_MS = 5;

const addon = loadAddon();
const problems = [];

async function look(deadlineMs) {
  try {
    return await probe({
      simulate: 'healthy',
      deadlineMs,
      hardDeadlineMs: AMPLE_MS,
      checks: ['nodes', 'nvml'],
    });
  } catch (error) {
    return error;
  }
}

/** One that has answered may still be there. */
async function endWarden() {
  const warden = addon.binding.wardenPid();
  if (warden > 0) process.kill(warden, 'SIGKILL');
  while (addon.binding.wardenPid() !== 0) await setTimeout(LOOK_EVERY_MS);
}

function judge(outcome) {
  if (outcome instanceof GpuProbeError) {
    if (!/^ERR_GPUPROBE_WARDEN_/.test(outcome.code)) problems.push(`rejected with ${outcome.code}`);
  } else if (outcome instanceof Error) problems.push(`threw ${outcome.stack}`);
  else if (outcome.verdict === 'ok')
    problems.push('a report that says ok, of a machine that nobody looked at');
}

process.on('uncaughtException', (error) => {
  process.send({ problems: [`uncaught: ${error.stack}`] });
  process.exit(1);
});

addon.binding.setWardenPath(process.argv[2]);
const held = [];
for (let round = 0; round < ROUNDS; ++round) {
  judge(await look(DEADLINE_MS));
  await endWarden();
  held.push(ownDescriptors());
}
if (new Set(held).size > 1) problems.push(`descriptors held, round after round: ${held}`);
addon.binding.setWardenPath(addon.wardenPath);
const report = await look(AMPLE_MS);
if (report.verdict !== 'ok') problems.push(`with the real warden back: ${report.verdict ?? report.stack}`);
process.send({ problems });
process.disconnect();
