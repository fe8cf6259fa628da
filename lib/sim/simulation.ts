/** Which machine to simulate, and how its time runs. */
export interface Simulation {
  /** Name or path of a scenario. */
  scenario: string;
  /** Scenario seconds to the second, 1 to 3600. Default 1. */
  speed?: number;
  /** Where in the scenario to begin: seconds, or a time of day of one that has such. Default: its beginning. */
  from?: number | string;
}

export const MOST_SPEED = 3600;

/** For programs started on a simulated machine: the path of its memory. */
export const WORLD_VARIABLE = 'GPUPROBE_SIM_WORLD';
