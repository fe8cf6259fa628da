import type { Inference } from '../../probe/report.js';
import type { Answer } from '../answer.js';
import type { View } from '../view.js';

/** What may be behind an answer, and what to do about it. */
export interface Causes {
  inferred: Inference[];
  remedy: string[];
}

/** The causes of one answer, in the light of the other facts. */
export type CausesOf = (view: View) => Causes;

/** Those of several answers at once, each line once. */
export function merged(answers: readonly Answer[], table: ReadonlyMap<Answer, CausesOf>, view: View): Causes {
  const all = answers.flatMap((answer) => table.get(answer)?.(view) ?? []);
  const inferred = new Map(all.flatMap((causes) => causes.inferred).map((one) => [one.cause, one]));
  return {
    inferred: [...inferred.values()],
    remedy: [...new Set([...all.flatMap((causes) => causes.remedy), KERNEL_LOG, COMPARE_HOST])],
  };
}

/** The last steps, whatever the code. */
const KERNEL_LOG =
  'On the host: `dmesg | grep -iE "nvrm|xid"`; Xid numbers name what the GPU itself reported.';
const COMPARE_HOST =
  'In a container: `nvidia-smi` on the host; if it works there, the container is at fault.';
