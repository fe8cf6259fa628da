// Whether a report keeps its promise. Everything that the promise does not name must be as on the well machine.
import { UUIDS } from './machines.mjs';

/** Counts on by itself. */
const GROWS = new Set(['energyJoules']);

/** Leaves of a device by path; a list's elements by position, a list or a group that is null under its own. */
function leavesOf(value, path = '', out = new Map()) {
  const isGroup = typeof value === 'object' && value !== null;
  if (!isGroup || Object.keys(value).length === 0) out.set(path, JSON.stringify(value));
  else
    for (const [key, inner] of Object.entries(value))
      leavesOf(inner, path === '' ? key : `${path}.${key}`, out);
  return out;
}

const isUnder = (path, parents) =>
  [...parents].some((parent) => path === parent || path.startsWith(`${parent}.`));

function reasonOf(device, path) {
  const parts = path.split('.');
  for (let kept = parts.length; kept > 0; --kept) {
    const reason = device.unavailable[parts.slice(0, kept).join('.')];
    if (reason !== undefined) return `${reason.code ?? '-'} ${reason.name}`;
  }
  return undefined;
}

const leaves = ({ unavailable: _, ...device }) => leavesOf(device);

/** A path of a group that is null as a whole. */
function valueAt(found, path) {
  const parts = path.split('.');
  for (let kept = parts.length; kept > 0; --kept) {
    const value = found.get(parts.slice(0, kept).join('.'));
    if (value !== undefined) return kept === parts.length || value === 'null' ? value : undefined;
  }
  return undefined;
}

function compareDevice(device, well, index, { nulls, loose }) {
  const found = leaves(device);
  const problems = [];
  for (const [path, value] of leaves(well)) {
    if (path === 'index' || isUnder(path, loose[index])) continue;
    const now = valueAt(found, path);
    const promised = [...nulls[index].keys()].filter((parent) => isUnder(path, [parent])).pop();
    const say = (text) => problems.push(`device ${index}: ${path} ${text}`);
    if (promised !== undefined) {
      if (now !== 'null') say(`is ${now}, which could not be read`);
      else if (reasonOf(device, path) !== nulls[index].get(promised)) {
        say(`is null because of ${reasonOf(device, path)}, not ${nulls[index].get(promised)}`);
      }
    } else if (GROWS.has(path) ? now === undefined || now === 'null' : now !== value) {
      say(`is ${now}, was ${value}`);
    }
  }
  return problems;
}

/** A GPU whose handle failed: nothing of it is known, and the reason is everywhere the same. */
function compareLost(device, index) {
  const read = [...leaves(device)].filter(
    ([path, value]) => value !== 'null' && !['index', 'pciBusId'].includes(path) && value !== '[]',
  );
  return read.map(([path, value]) => `device ${index}: ${path} is ${value}, though it could not be asked`);
}

function compareDevices(report, well, promise) {
  if (promise.liedAbout.has('nvml')) return [];
  const wanted = promise.listsDevices ? UUIDS.length : 0;
  if (report.devices.length !== wanted) return [`${report.devices.length} devices, not ${wanted}`];
  return report.devices.flatMap((device, index) =>
    promise.nulls[index].has('*')
      ? compareLost(device, index)
      : compareDevice(device, well.devices[index], index, promise),
  );
}

const bad = ['failed', 'crashed', 'timeout', 'not-probed'];

export function lineOf({ id, via, device, outcome, code, name, detail }) {
  const where =
    bad.includes(outcome) && name !== 'BESIDE_TIMEOUT' && name !== 'PROBE_STUCK'
      ? (detail ?? '').split(':')[0]
      : '';
  return `${id} ${via} ${device ?? '-'} ${outcome} ${code ?? '-'} ${name ?? '-'}${where === '' ? '' : ` in ${where}`}`;
}

/** Rows that may say anything but that gpuprobe itself went wrong, since the driver lied about what they are about. */
const mayTell = (check, { liedAbout }) =>
  (liedAbout.has('nvml') || liedAbout.has(check.id.split('.')[0])) &&
  check.id !== 'nodes' &&
  !['timeout', 'crashed', 'not-probed'].includes(check.outcome);

function compareRows(report, promise) {
  const lied = promise.liedAbout.size > 0;
  const found = report.checks.map((check) => ({ check, line: lineOf(check) }));
  const left = [...promise.rows];
  const extra = [];
  for (const { check, line } of found) {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    else if (!mayTell(check, promise)) extra.push(`unexpected: ${line}`);
  }
  const missing = lied ? left.filter((line) => !/^(nvml|cuda)\./.test(line)) : left;
  return [...extra, ...missing.map((line) => `expected: ${line}`)];
}

function compareDriver(report, well, { driverNulls, driverLoose, liedAbout, knowsDriver }) {
  if (liedAbout.has('nvml')) return [];
  const { libraries } = report.driver;
  // The files behind the libraries are looked up where one of their checks failed, and only there.
  const failed = report.checks.some(
    ({ id, outcome, via }) => id !== 'nodes' && outcome === 'failed' && via !== 'thread',
  );
  const lookedUp = failed === (libraries !== null && libraries.length === 2);
  const wrong = lookedUp
    ? []
    : [`driver.libraries is ${JSON.stringify(libraries)}, and a check failed: ${failed}`];
  return Object.keys(well.driver).flatMap((field) => {
    if (field === 'libraries') return wrong;
    if (field === driverLoose) return [];
    const wanted = knowsDriver && !driverNulls.has(field) ? well.driver[field] : null;
    const now = report.driver[field];
    return now === wanted ? [] : [`driver.${field} is ${JSON.stringify(now)}, not ${JSON.stringify(wanted)}`];
  });
}

/** What JSON cannot hold comes back as something else. */
function compareWithItself(report) {
  const same = JSON.stringify(JSON.parse(JSON.stringify(report))) === JSON.stringify(report);
  const numbers = JSON.stringify(report, (_, value) =>
    typeof value === 'number' && !Number.isFinite(value) ? 'NOT-A-NUMBER' : value,
  );
  return same && !numbers.includes('NOT-A-NUMBER') ? [] : ['the report is not what JSON can hold'];
}

/** Everything in which a report is not as promised, a line each. */
export function problemsOf(report, well, promise) {
  const verdict = promise.verdicts.includes(report.verdict)
    ? []
    : [
        `verdict ${report.verdict}, not ${promise.verdicts.join(' or ')} (${report.findings.map(({ id }) => id)})`,
      ];
  return [
    ...compareRows(report, promise),
    ...compareDevices(report, well, promise),
    ...compareDriver(report, well, promise),
    ...compareWithItself(report),
    ...verdict,
    ...(report.simulated ? [] : ['not marked as simulated']),
  ];
}
