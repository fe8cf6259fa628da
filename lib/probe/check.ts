import { getSystemErrorName } from 'node:util';
import { roundMilliseconds } from '../format.js';
import type { CheckFacts, NodesFacts } from '../native/frames.js';
import type { Source } from '../native/source.js';
import type { Check, CheckId, DeviceNode, Outcome, Via } from './report.js';

/** Names of a source's status numbers. */
export type Names = Source['names'];

const SIGNAL_NAMES: Record<number, string> = {
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
  31: 'SIGSYS',
};

/** Returns the report's code and name for a native record's number. */
function codeAndName(facts: CheckFacts, names: Names): { code: number | null; name: string | null } {
  const { api, code } = facts;
  if (facts.outcome === 'ok' || api === 'none') return { code: null, name: null };
  if (api === 'nvml' && names.unavailable[code] !== undefined)
    return { code: null, name: names.unavailable[code] };
  if (api === 'nvml') return { code, name: names.nvml[code] ?? null };
  if (api === 'cuda') return { code, name: names.cuda[code] ?? null };
  if (api === 'errno') return { code, name: getSystemErrorName(-code) };
  if (api === 'signal') return { code, name: SIGNAL_NAMES[code] ?? `SIGNAL_${code}` };
  if (api === 'exit') return { code, name: 'EXITED' };
  return { code: null, name: names.probe[code] ?? null };
}

/** Returns the report's row for a native record. `device` is the report's name for the record's device. */
export function toCheck(facts: CheckFacts, names: Names, device: string | null): Check {
  // The function matters if it failed or did not return; in a successful check it is just the last one.
  const words = [facts.outcome === 'ok' ? '' : facts.driverFunction, facts.detail].filter(
    (part) => part !== '',
  );
  return {
    id: facts.check as CheckId,
    device,
    via: facts.via as Via,
    outcome: facts.outcome as Outcome,
    ...codeAndName(facts, names),
    detail: words.length === 0 ? null : words.join(': '),
    durationMs: roundMilliseconds(facts.durationMs),
  };
}

/** Returns the row for a check that was skipped or could not run; `name` and `detail` give the reason. */
export function notAsked(
  id: CheckId,
  via: Via,
  device: string | null,
  outcome: 'skipped' | 'not-probed' | 'unsupported',
  name: string,
  detail: string,
): Check {
  return { id, device, via, outcome, code: null, name, detail, durationMs: 0 };
}

/** Returns the device nodes as a new open would find them. */
export function toDeviceNodes(facts: NodesFacts): DeviceNode[] {
  return facts.nodes.map(({ path, statErrno, accessErrno, device, expected }) => {
    // A device cgroup may refuse access() but allow stat(). The result of a new open counts.
    const code = accessErrno !== 0 ? accessErrno : statErrno;
    if (code === 0) return { path, code: null, name: null };
    const name = getSystemErrorName(-code);
    if (name !== 'ENODEV') return { path, code, name };
    return {
      path,
      code,
      name,
      ...(device === undefined ? {} : { device }),
      ...(expected === undefined ? {} : { expected }),
    };
  });
}

/** Errors in order of precedence: earlier ones explain later ones. */
const REFUSALS = ['EPERM', 'EACCES', 'ENODEV', 'ENOENT', 'ENXIO'];

/** Returns the `nodes` row: the worst result of all nodes, and the result of each. */
export function toNodesCheck(facts: NodesFacts, via: Via, durationMs: number): Check {
  const nodes = toDeviceNodes(facts);
  const rank = (name: string | null) =>
    name === null ? REFUSALS.length + 1 : REFUSALS.includes(name) ? REFUSALS.indexOf(name) : REFUSALS.length;
  const worst = [...nodes].sort((a, b) => rank(a.name) - rank(b.name))[0];
  const row = { id: 'nodes', device: null, via, durationMs: roundMilliseconds(durationMs) } as const;
  if (worst === undefined) {
    return {
      ...row,
      outcome: 'failed',
      code: 2,
      name: 'ENOENT',
      detail: 'no NVIDIA kernel module and no /dev/nvidia* node',
    };
  }
  const detail = nodes.map(({ path, name }) => `${path}: ${name ?? 'ok'}`).join(', ');
  return {
    ...row,
    outcome: worst.code === null ? 'ok' : 'failed',
    code: worst.code,
    name: worst.name,
    detail,
  };
}
