// The calls of CUDA that a probe makes, in their order, and what hangs on each.
import { BUS_IDS, UUIDS } from './machines.mjs';

/** What is done with a context, in order; the first that fails decides, and the context is destroyed all the same. */
const USE = ['cuMemGetInfo_v2', 'cuMemAlloc_v2', 'cuMemFree_v2'];
/** Where noise is a number that nothing depends on. */
const HARMLESS = ['cuMemGetInfo_v2', 'cuMemFree_v2'];

const ALL = [...UUIDS.keys()];

/** A process that enters CUDA; `device`: the one that it may see, and whose rows are its own. */
const cudaProcess = (via, index, device) => ({ library: 'cuda', via, index, device, check: 'cuda.load' });

/** cuInit, where this process has not done it. False: it failed, and that is said. */
function initialise(run, process, { isOpen, tells }) {
  if (!run.load(process)) return false;
  process.check = 'cuda.init';
  const code = isOpen ? 0 : run.call(process, 'cuInit');
  if (code !== 0)
    run.failedRow('cuda.init', process.via, process.device, { library: 'cuda', code, name: 'cuInit' });
  else if (tells) run.row('cuda.init', process.via, process.device, 'ok');
  return code === 0;
}

/** Lists the GPUs by UUID or by PCI address: those found, and what kept the first of the others from it. */
function list(run, process, devices) {
  const found = new Map();
  let failure = null;
  const step = (name, device) => {
    const code = run.call(process, name, device);
    if (code === 'lie') run.liedAbout.add('cuda');
    else if (code !== 0) failure ??= { library: 'cuda', code, name };
    return code === 0;
  };
  if (!step('cuDeviceGetCount', null)) return { found, failure };
  for (const device of devices) {
    if (!step('cuDeviceGet', device)) continue;
    const newest = run.call(process, 'cuDeviceGetUuid_v2', device);
    if (newest === 'lie') run.liedAbout.add('cuda');
    const elder = newest === 0 || newest === 'lie' ? 0 : run.call(process, 'cuDeviceGetUuid', device);
    if (elder === 'lie') run.liedAbout.add('cuda');
    const address = run.call(process, 'cuDeviceGetPCIBusId', device);
    const names = { uuid: elder === 0 || elder === 'lie', address: address === 0 || address === 'lie' };
    if (names.uuid || names.address) found.set(device, names);
    else failure ??= { library: 'cuda', code: elder, name: 'cuDeviceGetUuid' };
  }
  return { found, failure };
}

/** What a context costs: nothing, or the first code and who gave it. */
function useContext(run, process) {
  let failure = null;
  const step = (name) => {
    const code = run.call(process, name, process.index);
    if (code === 'lie') {
      if (!HARMLESS.includes(name)) run.liedAbout.add('cuda');
    } else if (code !== 0) failure ??= { library: 'cuda', code, name };
    return code === 0 || code === 'lie';
  };
  if (!step('cuCtxCreate_v2')) return failure;
  for (const name of USE) if (!step(name)) break;
  step('cuCtxDestroy_v2');
  return failure;
}

/** The canary that keeps CUDA open, one for each GPU, opens it before the fresh one asks. */
export function warmUp(run) {
  if (!run.listsDevices) return;
  for (const index of ALL) {
    if (!run.named[index].uuid || run.isBesideStuck('cuda')) continue;
    const process = cudaProcess('warm', index, run.nameOf(index));
    const isOpen = run.cudaOpen[index];
    run.cudaOpen[index] = run.during(process, () => initialise(run, process, { isOpen }));
  }
}

/** What a fresh process meets; in thread mode the only one there is. */
export function askFreshCuda(run, via) {
  if (run.isBesideStuck('cuda')) {
    run.row('cuda.init', via, null, 'not-probed', null, 'BESIDE_TIMEOUT');
    return;
  }
  const process = { ...cudaProcess(via, null, null), tellsLoading: true };
  const isOpen = run.inThread && run.cudaOpen[0];
  run.during(process, () => {
    const opened = initialise(run, process, { isOpen, tells: true });
    if (run.inThread) run.cudaOpen = ALL.map(() => opened);
    if (!opened) return false;
    run.listedByCuda = list(run, process, ALL).found;
    return true;
  });
}

/** A context on each GPU: where cuInit has just failed for that kind of process it would only say so again. */
export function askContexts(run, vias) {
  const targets = ALL.map((index) => targetOf(run, index));
  const nameless = targets.filter(({ name }) => name === null);
  const others = nameless.filter(({ byCuda }) => byCuda !== null).length;
  const areCovered = others >= nameless.length || nameless.length === ALL.length;
  for (const [index, { name, byCuda }] of targets.entries()) {
    for (const via of vias) {
      if (name === null && !areCovered)
        askContext(run, { via, index, device: run.nameOf(index), isNamed: false });
      const device = name ?? byCuda;
      if (device !== null) askContext(run, { via, index, device, isNamed: true });
    }
  }
}

/** The report's name of a GPU that CUDA can be told by; where it has none, CUDA's own. */
function targetOf(run, index) {
  const listed = run.listedByCuda?.get(index);
  const byCuda = listed === undefined ? null : listed.uuid ? UUIDS[index] : BUS_IDS[index].slice(4);
  if (!run.listsDevices) return { name: null, byCuda };
  const name = run.nameOf(index);
  const isAddress = name === BUS_IDS[index] && listed?.address;
  return { name: run.named[index].uuid || isAddress ? name : null, byCuda };
}

function askContext(run, { via, index, device, isNamed }) {
  const id = 'cuda.context';
  if (!isNamed) {
    run.row(id, via, device, 'skipped', null, 'NO_UUID');
  } else if (hasNoCuda(run, via, device)) {
    run.row(id, via, device, 'skipped', null, 'NOT_INITIALIZED');
  } else if (run.isBesideStuck('cuda')) {
    run.row(id, via, device, 'not-probed', null, 'BESIDE_TIMEOUT');
  } else {
    const process = cudaProcess(via, index, device);
    const isOpen = via !== 'fresh' && run.cudaOpen[index];
    run.during(process, () => {
      if (!initialise(run, process, { isOpen })) return false;
      if (via === 'warm') run.cudaOpen[index] = true;
      process.check = id;
      const { found, failure } = list(run, process, run.inThread ? ALL : [index]);
      const broken = found.has(index) ? useContext(run, process) : failure;
      if (broken === null) run.row(id, via, device, 'ok');
      else run.failedRow(id, via, device, broken);
      return true;
    });
  }
}

/** Failed or crashed: a second try in the same kind of process would be told, or killed, again. */
const hasNoCuda = (run, via, device) =>
  [device ?? '-', '-'].some((name) =>
    run.rows.some((row) => new RegExp(`^cuda\\.(load|init) ${via} ${name} (failed|crashed) `).test(row)),
  );
