/** The machine to simulate, and how its time runs. */
export interface Simulation {
  /** Name or path of a scenario. */
  scenario: string;
  /** Scenario seconds per second, 1 to 3600. Default 1. */
  speed?: number;
  /** Start time in the scenario: seconds, or a time of day if it has one. Default: its beginning. */
  from?: number | string;
}

export const MOST_SPEED = 3600;

/** Environment variable of programs on a simulated machine: the path of its memory. */
export const WORLD_VARIABLE = 'GPUPROBE_SIM_WORLD';
