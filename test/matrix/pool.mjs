// Services side by side, each in a process of its own, and the cells that they work off.
import { fork } from 'node:child_process';
import { bundled } from './bundle.mjs';
import { runFrameCell } from './frames.mjs';

/** For a promise to settle, and for a process to end: liveness, far beyond every deadline in a cell. */
const LIVENESS_MS = 180_000;

class Service {
  #child;
  #ended;

  constructor(scenario, hangDeadlineMs) {
    this.scenario = scenario;
    this.#child = fork(bundled('service'), [scenario, String(hangDeadlineMs)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#ended = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`));
    });
  }

  /** The answer, or why there is none. */
  async ask(message) {
    const answered = new Promise((resolve) => this.#child.once('message', resolve));
    this.#child.send(message, () => {});
    const ended = this.#ended.then((how) => ({ ended: true, problems: [`the service ended: ${how}`] }));
    return within(Promise.race([answered, ended]), { ended: true, problems: ['a promise never settled'] });
  }

  /** Lets it go; what is wrong with how it went. */
  async end() {
    this.#child.disconnect();
    const how = await within(this.#ended, 'never');
    if (how === 'code 0') return [];
    this.#child.kill('SIGKILL');
    return [`the service's end: ${how}`];
  }

  kill() {
    this.#child.kill('SIGKILL');
  }
}

function within(promise, otherwise) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, LIVENESS_MS, otherwise);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Thread mode belongs to one fault for good, and a machine that lacks a function is one of its own. */
const needsOwnService = (cell) => cell.inThread || cell.fault === undefined;

/** What a machine says when all is well. */
export async function askWell(scenario) {
  const service = new Service(scenario, 0);
  const { wellReport } = await service.ask({});
  await service.end();
  return wellReport;
}

async function runAlone(cell, { scenario, wellReport, hangDeadlineMs }) {
  const service = new Service(scenario, hangDeadlineMs);
  const { ended, problems } = await service.ask({ cell, wellReport });
  if (ended) service.kill();
  return ended ? problems : [...problems, ...(await service.end())];
}

/** Waiting beside working: else all hangs of a function would come together. The same order each time. */
function shuffled(cells) {
  const step = 7919; // a prime that no number of cells is a multiple of, or near
  const order = cells.map((_, index) => (index * step) % cells.length);
  const mixed = new Set(order).size === cells.length ? order.map((at) => cells[at]) : [...cells];
  const machineOf = ({ machine }) => machine ?? '';
  return mixed.sort((a, b) => machineOf(b).localeCompare(machineOf(a)));
}

/**
 * Works the cells off.
 * @param {object} matter `cells`, `jobs`, `hangDeadlineMs`, `of(cell)`: its scenario and well report
 * @param {(cell: object, problems: string[]) => void} onResult
 */
export async function runCells({ cells, jobs, hangDeadlineMs, of }, onResult) {
  const queue = shuffled(cells);
  let spinning = 0;
  // A call that spins takes a core for as long as its deadline: one at a time, so that answers stay answers.
  const take = () => {
    const at = queue.findIndex(({ fault }) => spinning === 0 || fault?.hang !== 'busy-loop');
    return at < 0 ? undefined : queue.splice(at, 1)[0];
  };
  const work = async () => {
    let service;
    for (let cell = take(); cell !== undefined; cell = take()) {
      const spins = cell.fault?.hang === 'busy-loop';
      spinning += spins ? 1 : 0;
      const matter = cell.rogue === undefined ? { ...of(cell), hangDeadlineMs } : undefined;
      if (cell.rogue !== undefined) {
        onResult(cell, await runFrameCell(cell));
      } else if (needsOwnService(cell)) {
        onResult(cell, await runAlone(cell, matter));
      } else {
        if (service !== undefined && service.scenario !== matter.scenario) {
          await service.end();
          service = undefined;
        }
        service ??= new Service(matter.scenario, hangDeadlineMs);
        const { ended, problems } = await service.ask({ cell, wellReport: matter.wellReport });
        // What one cell has spoilt must not fail the next.
        if (ended || problems.length > 0) {
          service.kill();
          service = undefined;
        }
        onResult(cell, problems);
      }
      spinning -= spins ? 1 : 0;
    }
    await service?.end();
  };
  await Promise.all(Array.from({ length: jobs }, work));
}
