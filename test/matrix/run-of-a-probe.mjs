// What a fault must lead to: the promises, one for each way in which a driver can fail its caller. The two files
// beside this say which calls a probe makes; this one says what becomes of a call that is struck.
import { readFileSync } from 'node:fs';
import { endsProcess, neverReturns } from './faults.mjs';
import { byName } from './functions.mjs';
import { BUS_IDS, UUIDS } from './machines.mjs';

const SIGNALS = { SIGSEGV: 11, SIGABRT: 6 };
/** What a function that the driver does not export answers. */
const NOT_EXPORTED = { nvml: 13, cuda: 500 };

const STATUS_NAMES = Object.fromEntries(
  ['nvml', 'cuda'].map((library) => {
    const text = readFileSync(new URL(`../../native/driver/${library}_status.def`, import.meta.url), 'utf8');
    const rows = [...text.matchAll(/^(NVML|CUDA)_STATUS\((\d+), (\w+)\)/gm)];
    return [library, Object.fromEntries(rows.map(([, prefix, code, name]) => [code, `${prefix}_${name}`]))];
  }),
);

/** The call did not come back to whoever made it. */
class Ended extends Error {}

/** One probe of a machine with at most one fault, as it must go. */
export class Run {
  /** Rows of the report: `id via device outcome code name`, and ` in FUNCTION` where one is to blame. */
  rows = [];
  /** By device: the paths that must be null, with their reason. */
  nulls = UUIDS.map(() => new Map());
  /** By device: the paths that may be anything that JSON can hold. */
  loose = UUIDS.map(() => new Set());
  /** Of `report.driver`: what must be null. */
  driverNulls = new Set();
  /** The driver lied about the GPUs themselves: the libraries of which any row may tell of it. */
  liedAbout = new Set();
  /** Telemetry has answered, and with it what the driver is. */
  knowsDriver = false;
  /** The report lists the devices. */
  listsDevices = false;
  /** What CUDA listed: by device, whether by UUID and by PCI address. */
  listedByCuda = undefined;
  /** By device: what names it. */
  named = UUIDS.map(() => ({ uuid: false, busId: false }));
  /** Whether any call was struck. */
  struck = false;
  /** Libraries in which a call has not returned. */
  stuck = new Set();
  #fault;
  #lacking;
  #calls = 0;

  /**
   * @param fault as a scenario has it, or undefined
   * @param lacking functions that the libraries do not export
   * @param warm NVML and CUDA are open already in the processes that stay
   */
  constructor({ fault, lacking, warm, inThread }) {
    this.#fault = fault;
    this.#lacking = new Set(lacking);
    this.inThread = inThread;
    this.nvmlOpen = warm;
    this.cudaOpen = UUIDS.map(() => warm);
    this.handles = UUIDS.map(() => (warm ? 0 : undefined));
    if (warm) this.named = UUIDS.map(() => ({ uuid: true, busId: true }));
  }

  lacks(name) {
    return this.#lacking.has(name);
  }

  row(id, via, device, outcome, code = null, name = null, where = '') {
    const at = where === '' ? '' : ` in ${where}`;
    this.rows.push(`${id} ${via} ${device ?? '-'} ${outcome} ${code ?? '-'} ${name ?? '-'}${at}`);
  }

  failedRow(id, via, device, { library, code, name }) {
    this.row(id, via, device, 'failed', code, STATUS_NAMES[library][code] ?? null, name);
  }

  /** A required function that is not exported: the library is of no use. */
  load(process) {
    const wanting = [...this.#lacking].some(
      (name) => byName.get(name).required && process.library === byName.get(name).library,
    );
    const id = `${process.library}.load`;
    if (wanting) this.row(id, process.via, process.device, 'failed', null, 'SYMBOL_NOT_FOUND', 'dlopen');
    else if (process.tellsLoading) this.row(id, process.via, process.device, 'ok');
    return !wanting;
  }

  /**
   * A call. 0: it went well. A number: it failed with that. `'lie'`: it claims that it went well.
   * @throws Ended when it does not come back
   */
  call(process, name, device = null) {
    if (this.lacks(name)) return NOT_EXPORTED[process.library];
    const fault = this.#fault;
    if (fault?.function !== name || (fault.device !== undefined && fault.device !== device)) return 0;
    if (++this.#calls < (fault.fromCall ?? 1)) return 0;
    this.struck = true;
    const { check, via } = process;
    // A call that never returns: a timeout, and it is known where. Nobody is sent after it.
    if (neverReturns(fault)) {
      this.row(check, via, process.device, 'timeout', null, null, name);
      this.stuck.add(this.inThread ? 'all' : process.library);
      throw new Ended();
    }
    // A crash, or an exit from inside: the process has crashed, and it is known how and where. Never is it a success.
    if (endsProcess(fault)) {
      const code = fault.exit ?? SIGNALS[fault.crash];
      this.row(check, via, process.device, 'crashed', code, fault.crash ?? 'EXITED', name);
      throw new Ended();
    }
    if (fault.output !== undefined) return 'lie';
    return fault.return ?? 0;
  }

  get output() {
    return this.#fault.output;
  }

  /** Asks a process until a call does not come back; false then, or where the questions say so. */
  during(process, questions) {
    try {
      return questions(process);
    } catch (error) {
      if (error instanceof Ended) return false;
      throw error;
    }
  }

  isBesideStuck(library) {
    return this.stuck.has(library) || this.stuck.has('all');
  }

  /** A reading that failed is null, for that reason, and nothing else is. */
  isNull(device, paths, code) {
    for (const path of paths)
      this.nulls[device].set(path, `${code} ${STATUS_NAMES.nvml[code] ?? `NVML_ERROR_${code}`}`);
  }

  /** A reading with a number that cannot be, or a text that does not end, is none; noise may pass for a number. */
  isLie(device, paths) {
    for (const path of paths) {
      if (this.output === 'garbage') this.loose[device].add(path);
      else this.nulls[device].set(path, '- MALFORMED');
    }
  }

  /** As the report names a device: what NVML calls it, where it could say. */
  nameOf(device) {
    if (!this.listsDevices) return UUIDS[device];
    const { uuid, busId } = this.named[device];
    if (uuid) return UUIDS[device];
    // Of one GPU without a name the kernel tells which it is.
    const onlyOne = this.named.filter((names) => !names.uuid && !names.busId).length === 1;
    return busId || onlyOne ? BUS_IDS[device] : `index:${device}`;
  }
}
