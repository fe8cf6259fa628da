import { deviceId } from '../../probe/device-id.js';
import type { Device } from '../../probe/report.js';
import { joinAnd, plural } from '../evidence.js';
import { impactOn } from '../impact.js';
import type { Rule } from '../rule.js';

/** Hardware encoder sessions, which the driver limits on consumer GPUs. */

/** Sessions allowed on all GeForce GPUs of a machine together, by first driver version, newest first. */
const LIMITS: readonly [major: number, minor: number, sessions: number][] = [
  [591, 0, 12], // keylase/nvidia-patch#1022
  [550, 0, 8], // keylase/nvidia-patch#776
  [536, 0, 5],
  [535, 183, 8], // keylase/nvidia-patch#811
  [530, 0, 5], // keylase/nvidia-patch#628
  [450, 0, 3],
];

/** Returns null if not known, as for drivers before 2020, which allowed two or three. */
function limitOf(version: string | null): number | null {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  const found = LIMITS.find(([since, within]) => major > since || (major === since && minor >= within));
  return found?.[2] ?? null;
}

const isConsumer = ({ name }: Device) => /\bGeForce\b/.test(name ?? '');

export const encoderLimit: Rule = {
  id: 'encoder-limit',
  impact: impactOn({ starts: 'at-risk' }),
  action: 'free-resources',
  scope: 'gpu',
  title: 'No encoder session left',
  meaning:
    'The driver allows GeForce GPUs a number of encoder sessions at a time, all of them in a machine together, and so ' +
    'many are open. The next one is refused, with a word about memory; other work goes on.',
  detection:
    'The encoder sessions of all GeForce GPUs (encoder.sessionCount) are as many as their driver allows: 3 from driver ' +
    '450 on, 5 from 530, 8 from 535.183 and from 550, 12 from 591. More than that, and the limit is evidently not in ' +
    'force: nothing to report. Other GPUs have no such limit.',
  lookalikes: [
    'NV_ENC_ERR_OUT_OF_MEMORY (10) with sessions left: then the memory of the GPU is full.',
    'A driver that was patched to allow more.',
  ],
  source: 'keylase/nvidia-patch#628, #776, #811, #1022 (what drivers allow)',
  find({ facts }) {
    const limit = limitOf(facts.driver.version ?? facts.host.kernelDriverVersion);
    const consumers = facts.devices.filter(isConsumer);
    const sessions = consumers.reduce((sum, { encoder }) => sum + (encoder.sessionCount ?? 0), 0);
    if (limit === null || sessions !== limit) return [];
    const [only, ...others] = consumers;
    return [
      {
        device: only !== undefined && others.length === 0 ? deviceId(only) : null,
        summary: `All ${plural(limit, 'encoder session')} that the driver allows on GeForce GPUs are in use.`,
        observed: consumers.map(
          (device) =>
            `${deviceId(device)} (${device.name}): encoder.sessionCount ${device.encoder.sessionCount}`,
        ),
        inferred: [
          {
            cause: 'the next session is refused by the limit of the driver, and not for want of anything',
            confidence: 'likely',
            because: `driver ${facts.driver.version ?? facts.host.kernelDriverVersion} allows ${limit}`,
          },
        ],
        remedy: [
          `Admit no further session that encodes, on ${joinAnd(consumers.map(({ index }) => `GPU ${index}`))}.`,
          'See whose they are: `encoder.sessions` in `gpuprobe --json` has the pids; one that outlived its client is a leak.',
          'A newer driver allows more; a professional GPU has no such limit; software encoding needs no session.',
        ],
      },
    ];
  },
};
