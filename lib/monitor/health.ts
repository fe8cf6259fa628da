import { deviceId } from '../probe/device-id.js';
import type { Check, CheckId, Device, DeviceNode, Finding, Report } from '../probe/report.js';

/** Whether the GPU is monitored: gpuprobe reads it, and a program that opens NVML now could, too. */
export interface Health {
  /** Null if not checked, or if the GPU is suspended and was not woken. */
  works: boolean | null;
  /** What is broken; null if nothing is. */
  because: string | null;
}

const WORKS: Health = { works: true, because: null };
const NOT_ASKED: Health = { works: null, because: null };

const WATCHING: readonly CheckId[] = ['nvml.load', 'nvml.init', 'nvml.devices', 'nvml.telemetry'];
/**
 * Returns the first cause that keeps the GPU from being monitored. A process that keeps NVML open can still
 * read after the container has lost its device nodes, while nvidia-smi fails (scenario `wolf-2025-11-05`). So
 * a refused node, or a fresh NVML that does not start, also means that monitoring is broken.
 */
export function healthOf(report: Report): Health {
  const rows = report.checks.filter(({ id, device }) => WATCHING.includes(id) && device === null);
  const nodes = report.checks.find(({ id, via }) => id === 'nodes' && via === 'layer0');
  const refused = refusedNode(report.host.deviceNodes);
  // mutation: refused-nodes-are-blindness
  if (nodes !== undefined && refused !== null) return broken(`${refused.path}: ${refused.name}`);
  const bad = rows.find((row) => row.outcome !== 'ok' && row.name !== 'GPU_ASLEEP');
  if (bad !== undefined) return broken(inWords(bad));
  const blind = report.findings.find((finding) => leavesNobody(finding, report));
  if (blind !== undefined) return broken(`${blind.id}: ${blind.summary}`);
  const notAsked = rows.every(({ name }) => name === 'GPU_ASLEEP');
  return notAsked ? NOT_ASKED : WORKS;
}

/** Checks whether NVML answers but no GPU is left whose readings can be trusted. */
function leavesNobody({ id, impact, device }: Finding, { findings, devices }: Report): boolean {
  if (device === null) return impact.watching === 'broken';
  const isBad = (one: Device) => findings.some((other) => other.id === id && other.device === deviceId(one));
  return ['broken', 'degraded'].includes(impact.watching) && devices.every(isBad);
}

/** Drops the final full stop of a summary, because the text becomes part of a sentence. */
const broken = (because: string): Health => ({ works: false, because: because.replace(/\.$/, '') });

/** Returns the refused control node, or GPU node if all are refused: then no new process can read a GPU. */
function refusedNode(nodes: readonly DeviceNode[]): DeviceNode | null {
  const control = nodes.find(({ path }) => path === '/dev/nvidiactl' || path === '/dev/dxg');
  if (control !== undefined && control.code !== null) return control;
  const gpus = nodes.filter(({ path }) => /^\/dev\/nvidia\d+$/.test(path));
  return gpus.every(({ code }) => code !== null) ? (gpus[0] ?? null) : null;
}

function inWords({ id, via, outcome, code, name, detail }: Check): string {
  const answer = [code, name].filter((part) => part !== null).join(' ') || outcome;
  const asked = outcome === 'timeout' ? 'no answer' : answer;
  return `${id} (${via}): ${asked}${detail === null ? '' : ` (${detail})`}`;
}
