import type { Inference } from '../../probe/report.js';
import type { Answer } from '../answer.js';
import type { View } from '../view.js';

/** Possible causes of an answer, and what to do about it. */
export interface Causes {
  inferred: Inference[];
  remedy: string[];
}

/** Returns the causes of one answer, considering the other facts. */
export type CausesOf = (view: View) => Causes;

/** Returns the causes of several answers, each line once. */
export function merged(answers: readonly Answer[], table: ReadonlyMap<Answer, CausesOf>, view: View): Causes {
  const all = answers.flatMap((answer) => table.get(answer)?.(view) ?? []);
  const inferred = new Map(all.flatMap((causes) => causes.inferred).map((one) => [one.cause, one]));
  return {
    inferred: [...inferred.values()],
    remedy: [
      ...new Set([
        ...all.flatMap((causes) => causes.remedy),
        KERNEL_LOG,
        ...(view.facts.host.container ? [COMPARE_HOST] : []),
      ]),
    ],
  };
}

/** Tells a refused open from other errors with the same code, by the errno that the driver's library got. */
export const DECIDE_OPEN: readonly string[] = [
  'To decide it, before anything is started anew: `strace -f -e trace=openat,ioctl -p PID` of the process that fails, while it does. `/dev/nvidia... = -1 ' +
    "EPERM` is lost access; no failed open, and the refusal is the driver's own.",
];

/** The last steps for any code. */
const KERNEL_LOG =
  'On the host: `dmesg | grep -iE "nvrm|xid"`; Xid numbers name what the GPU itself reported.';
const COMPARE_HOST = '`nvidia-smi` on the host: if it works there, this container is at fault.';
