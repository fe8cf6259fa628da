import type { Check, DeviceNode, Part } from '../probe/report.js';
import { quote } from './evidence.js';
import { impactOn } from './impact.js';
import type { Hit } from './rule.js';
import type { View } from './view.js';

/**
 * Downgrades a hit if GPU work has started since: a node that looks wrong is then not a fault. As root with
 * CAP_MKNOD, the driver's libraries create missing nodes and replace wrong ones, so a first look and a
 * context a second later disagree (seen on an H100, driver 580).
 */
export function unlessWorking(view: View, nodes: readonly DeviceNode[], hit: Hit): Hit {
  const proof = workedSince(view, nodes);
  if (proof.length === 0) return hit;
  return {
    ...hit,
    impact: impactOn({}),
    action: 'none',
    absorbs: [],
    summary: `${hit.summary.replace(/\.$/, '')}; but new GPU work starts.`,
    observed: [...hit.observed, ...proof.map(quote)],
    inferred: [
      {
        cause: "the driver's libraries do without these nodes, or have created them meanwhile",
        confidence: 'likely',
        because:
          'a new process got past them after they were looked at; as root, the libraries create nodes themselves',
      },
    ],
    remedy: [
      'Nothing now. A service that runs as another user may fail here: `nvidia-modprobe -c 0 -u` at boot creates all nodes.',
    ],
  };
}

/** Returns the checks that prove that GPU work starts despite these nodes; none if failed or too old. */
function workedSince(view: View, nodes: readonly DeviceNode[]): Check[] {
  const contexts = view.checks({ id: 'cuda.context', outcome: ASKED });
  const tried =
    contexts.length > 0 ? contexts : view.checks({ id: 'cuda.init', via: 'fresh', outcome: ASKED });
  const canaryAt = time(view, 'canary');
  const allOk = tried.length > 0 && tried.every(({ outcome }) => outcome === 'ok');
  if (allOk && canaryAt !== null && canaryAt >= badSince(view, nodes)) return tried;
  return lastNodesRow(view);
}

const ASKED = ['ok', 'failed', 'timeout', 'crashed'] as const;

/** Milliseconds of the wall clock; null if the part did not run. */
function time({ facts }: View, part: Part): number | null {
  const at = facts.parts[part];
  return at === null ? null : Date.parse(at);
}

/** Returns since when all these nodes have been in this state, according to earlier reports. */
function badSince(view: View, nodes: readonly DeviceNode[]): number {
  let since = time(view, 'nodes') ?? Number.POSITIVE_INFINITY;
  for (const { deviceNodes, takenAt } of view.history.toReversed()) {
    const wasBad = ({ path, code }: DeviceNode) =>
      deviceNodes.some((node) => node.path === path && node.code === code);
    if (!nodes.every(wasBad)) break;
    since = Date.parse(takenAt);
  }
  return since;
}

/** Returns the last look at the nodes if it found no fault and a new process got past them. */
function lastNodesRow(view: View): Check[] {
  const [nodesAt, canaryAt] = [time(view, 'nodes'), time(view, 'canary')];
  const isLast = nodesAt !== null && canaryAt !== null && canaryAt >= nodesAt;
  const fresh = view.checks({ via: 'fresh', outcome: ASKED });
  const started = fresh.some(({ id }) => id === 'nvml.init' || id === 'cuda.init');
  if (!isLast || !started || fresh.some(({ outcome }) => outcome !== 'ok')) return [];
  return fresh.filter(({ id }) => id === 'nodes');
}
