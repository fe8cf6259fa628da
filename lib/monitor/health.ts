import { deviceId } from '../probe/device-id.js';
import type { Check, CheckId, Device, DeviceNode, Finding, Report } from '../probe/report.js';

/** Whether the GPU is watched: that gpuprobe reads it, and that another program that opens NVML now could. */
export interface Health {
  /** Null: not asked, or a GPU that sleeps is left asleep. */
  works: boolean | null;
  /** What does not, where it does not. */
  because: string | null;
}

const WORKS: Health = { works: true, because: null };
const NOT_ASKED: Health = { works: null, because: null };

const WATCHING: readonly CheckId[] = ['nvml.load', 'nvml.init', 'nvml.devices', 'nvml.telemetry'];
/**
 * Looks for the first thing that keeps the GPU from being watched. The process that keeps NVML open goes on reading
 * after the container has lost its nodes, while nvidia-smi fails (as in the scenario `wolf-2025-11-05`): so a refused node, or a fresh NVML that
 * does not start, is broken monitoring as well.
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

/** NVML answers, and no GPU is left whose readings can be trusted. */
function leavesNobody({ id, impact, device }: Finding, { findings, devices }: Report): boolean {
  if (device === null) return impact.watching === 'broken';
  const isBad = (one: Device) => findings.some((other) => other.id === id && other.device === deviceId(one));
  return ['broken', 'degraded'].includes(impact.watching) && devices.every(isBad);
}

/** A finding's summary is a sentence of its own; here it stands within one. */
const broken = (because: string): Health => ({ works: false, because: because.replace(/\.$/, '') });

/** The control node, or that of the only GPU: without either, nothing that starts now can read anything. */
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
