// What a cell must come to: the run of a whole probe, and what the verdict may be.
import { askContexts, askFreshCuda, warmUp } from './cuda-calls.mjs';
import { askFreshNvml, askTelemetry } from './nvml-calls.mjs';
import { Run } from './run-of-a-probe.mjs';

/** The rows that say less than "it cannot be used" where they fail (design: the table of findings). */
const WARNINGS = [/^cuda\.context \S+ \S+ failed 2 /];
/** What NVML says of the GPU and not of the function: one reading with it is enough. */
const GPU_IS_LOST = '15 NVML_ERROR_GPU_IS_LOST';

/** One look, cheapest first; `thread`: one process asks everything. */
function runOf(cell) {
  const run = new Run(cell);
  run.row('nodes', 'layer0', null, 'ok');
  askTelemetry(run, cell.inThread ? 'thread' : 'telemetry');
  if (!cell.inThread) {
    warmUp(run);
    askFreshNvml(run);
  }
  askFreshCuda(run, cell.inThread ? 'thread' : 'fresh');
  const hasTargets = !cell.inThread || run.listsDevices || !run.isBesideStuck('cuda');
  if (hasTargets) askContexts(run, cell.inThread ? ['thread'] : ['warm', 'fresh']);
  return run;
}

/**
 * The verdicts that a run allows. Whatever failed, crashed or did not answer makes the machine unfit, but for what the
 * design calls a warning; readings that are missing do not; of a driver that lies all is possible but "could not look".
 */
function verdictsOf(run) {
  if (run.liedAbout.size > 0 || run.loose.some((paths) => paths.size > 0))
    return ['ok', 'degraded', 'failed'];
  const bad = run.rows.filter((row) => / (failed|timeout|crashed) /.test(row));
  const isLost = run.nulls.some((nulls) => [...nulls.values()].includes(GPU_IS_LOST));
  if (bad.length === 0) return [isLost ? 'failed' : 'ok'];
  return bad.every((row) => WARNINGS.some((pattern) => pattern.test(row))) ? ['degraded'] : ['failed'];
}

export function promiseOf(cell) {
  const run = runOf(cell);
  return { ...run, verdicts: verdictsOf(run) };
}
