import { spawnSync } from 'node:child_process';
import { loadAddon } from '../build/lib/native/binding.js';
import { driverEnvironment } from '../build/lib/native/environment.js';
import { openSource } from '../build/lib/native/source.js';
import { startMachine } from '../build/lib/sim/machine.js';
import { WORLD_VARIABLE } from '../build/lib/sim/simulation.js';
import { buildFloors, Floors } from './floors.mjs';

/** Far beyond anything measured: a deadline is no part of these figures. */
export const DEADLINES = { softMs: 20_000, hardMs: 60_000 };

/** What every measurement shares: the floors, and this process as a service that probes a healthy machine. */
export class Bench {
  #world;

  /**
   * @param {string} buildDirectory
   * @param {string} [nvidiaSmi]
   */
  static async open(buildDirectory, nvidiaSmi) {
    const bench = new Bench(buildDirectory, nvidiaSmi);
    await bench.ask('telemetry');
    return bench;
  }

  /**
   * @param {string} buildDirectory
   * @param {string} [nvidiaSmi]
   */
  constructor(buildDirectory, nvidiaSmi = 'nvidia-smi') {
    /** The program that peers are. */
    this.nvidiaSmi = nvidiaSmi;
    const { binding } = loadAddon();
    const machine = startMachine({ scenario: 'healthy' });
    const { fd, libraries, key } = machine;
    this.#world = { libraries, path: `/proc/${process.pid}/fd/${fd}` };
    this.floors = new Floors(buildFloors(buildDirectory), libraries, `/proc/${process.pid}/fd/${fd}`);
    this.binding = binding;
    this.source = openSource({ inThread: false, libraryPath: '', machine });
    // The same specification is the same source: this is the number of the one above.
    this.sourceId = binding.openSource(libraries, driverEnvironment(process.env), fd, key);
  }

  /**
   * Throws unless every check was ok: what failed is not what is to be timed.
   * @param {import('../build/lib/native/source.js').ProbeKind} kind
   * @param {string} [device]
   */
  async ask(kind, device) {
    const answer = await this.source.ask({ kind, ...DEADLINES, ...(device === undefined ? {} : { device }) });
    const wrong = answer.checks.find((check) => check.outcome !== 'ok');
    if (wrong !== undefined) throw new Error(`${wrong.check} ${wrong.outcome}: ${wrong.detail}`);
    return answer;
  }

  /** The last snapshot of this service's page. */
  snapshot() {
    const snapshot = this.source.snapshots.read();
    if (snapshot === null) throw new Error('no snapshot has been published');
    return snapshot;
  }

  hasNvidiaSmi() {
    return spawnSync(this.nvidiaSmi, ['--help'], { stdio: 'ignore' }).error === undefined;
  }

  /** What a program needs to be on the simulated machine. */
  simulatedEnvironment() {
    const { libraries, path } = this.#world;
    const others = process.env.LD_LIBRARY_PATH;
    const program = this.nvidiaSmi.includes('/')
      ? [this.nvidiaSmi.slice(0, this.nvidiaSmi.lastIndexOf('/'))]
      : [];
    return {
      ...process.env,
      // systeminformation looks for nvidia-smi by itself.
      PATH: [...program, process.env.PATH].join(':'),
      LD_LIBRARY_PATH: [libraries, others].filter(Boolean).join(':'),
      [WORLD_VARIABLE]: path,
    };
  }

  close() {
    this.floors.close();
  }
}
