import { setTimeout as sleep } from 'node:timers/promises';
import { GpuProbeError } from '../../../errors.js';
import type { Guard } from '../../../guard/guard.js';
import type { GpuProbe } from '../../../monitor/gpu-probe.js';
import type { Finding } from '../../../probe/report.js';
import { atMost, type Command } from '../command.js';
import type { CommandContext, CommandResult } from '../context.js';
import { EXIT } from '../exit-codes.js';
import type { Style } from '../human/paint.js';
import { wrap } from '../human/text.js';
import { integer } from '../options.js';

const SCENARIO = 'wolf-2025-11-05';
const MARK = '[SIMULATED] ';
const LIMITS = { maxSessions: 5, warnAt: 4 } as const;
/** The day's sessions from the incident's write-up: six at 12:35, then the one too many. */
const SESSIONS = [
  '12:20:00',
  '12:20:00',
  '12:20:00',
  '12:22:30',
  '12:25:00',
  '12:27:00',
  '12:35:00',
] as const;
const RESTART = '12:52:15';
const STORY_SECONDS = 1935;
/** Extra time for a busy machine; after that, the demo gives up. */
const PATIENCE_MS = 30_000;
const POLL_MS = 20;

const NEXT = [
  ['gpuprobe', 'look at this machine'],
  ['gpuprobe --sim access-revoked', 'the same fault in full: what was observed, the cause, what to do'],
  ['gpuprobe explain device-access-revoked', 'what the finding means, and what else looks like it'],
  [`gpuprobe sim ${SCENARIO} -- node service.js`, 'your own service on that day'],
] as const;

type Step = { when(): boolean; act(): Promise<void> | void };

interface Asked {
  speed: number;
}

const USUAL_SPEED = 90;
/** A poll takes time: at a higher speed, the scenario runs ahead of the polls. */
const SPEED_LIMITS = { least: 1, most: 600 };
const SPEED = integer(
  'speed',
  'N',
  SPEED_LIMITS,
  `Scenario seconds per second, ${SPEED_LIMITS.least} to ${SPEED_LIMITS.most}. Default ${USUAL_SPEED}.`,
);

/** `gpuprobe demo`: replays an incident on the simulated driver, adding a monitor and a guard. */
export const demo: Command<Asked> = {
  name: 'demo',
  usage: 'demo',
  summary: 'Replay an incident on the simulated driver, with a monitor and a guard. Needs no GPU.',
  examples: [
    ['gpuprobe demo', 'the whole story, in less than half a minute'],
    ['gpuprobe demo --speed 300', 'in a few seconds'],
  ],
  options: [SPEED],
  parse(words) {
    atMost(0, words, 'demo');
    return { speed: words.value(SPEED) ?? USUAL_SPEED };
  },
  run,
};

type Context = Pick<CommandContext, 'simulator' | 'monitor' | 'guard' | 'stdout' | 'now' | 'paint' | 'width'>;

async function run({ speed }: Asked, context: Context): Promise<CommandResult> {
  const { narrate } = await context.simulator();
  const gpu = await context.monitor({
    simulate: { scenario: SCENARIO, speed },
    ttlMs: 50,
    intervalMs: 100,
    canaryIntervalMs: 500,
    // At this speed a late look is not a gap in the story.
    staleAfterMs: 10_000,
    logger: false,
  });
  const story = new Story(gpu, [...narrate({ scenario: SCENARIO })], context, speed);
  await story.tell(await context.guard(gpu, LIMITS));
  return { exitCode: EXIT.ok, stdout: '', stderr: '' };
}

class Story {
  readonly #gpu: GpuProbe;
  readonly #told: { at: string; says: string }[];
  readonly #context: Context;
  readonly #speed: number;
  readonly #leases: { release(): Promise<unknown> }[] = [];
  /** Scenario time of the last look; '' before the first. */
  #time = '';
  #darkSince = '';
  #sessions = 0;

  constructor(gpu: GpuProbe, told: { at: string; says: string }[], context: Context, speed: number) {
    this.#gpu = gpu;
    this.#told = told;
    this.#context = context;
    this.#speed = speed;
    // Registered before the guard, which listens to the same looks.
    gpu.on('report', ({ scenarioTime }) => {
      this.#time = scenarioTime ?? '';
      this.#narrate();
    });
  }

  async tell(guard: Guard): Promise<void> {
    this.#listen(guard);
    this.#line(
      `The incident of 5 November 2025, ${this.#speed} times as fast, on a simulated driver: nothing here is about this machine.`,
    );
    this.#line(
      `That day nobody watched, and nothing was refused. Here gpuprobe watches, and a guard admits ${LIMITS.maxSessions} sessions.`,
    );
    const untilMs = this.#context.now() + (3 * STORY_SECONDS * 1000) / this.#speed + PATIENCE_MS;
    try {
      // Reports at once if gpuprobe cannot look at all.
      await this.#gpu.check();
      for (const step of this.#steps(guard)) {
        while (!step.when()) await this.#wait(untilMs);
        await step.act();
      }
    } finally {
      await guard.close();
      await this.#gpu.close();
    }
    this.#line('');
    this.#line('Try next:');
    for (const [command, what] of NEXT) {
      this.#line(`  ${command}`, 'bold');
      this.#line(`      ${what}`);
    }
  }

  /** Prints the write-up's lines up to the current scenario time. */
  #narrate(): void {
    for (let next = this.#told[0]; next !== undefined && next.at <= this.#time; next = this.#told[0]) {
      this.#say(`That day: ${next.says}`, 'dim', next.at);
      this.#told.shift();
    }
  }

  #steps(guard: Guard): Step[] {
    const reached = (at: string) => () => this.#time >= at;
    const asked = SESSIONS.map((at) => ({ when: reached(at), act: () => this.#ask(guard) }));
    const ended = { when: reached(RESTART), act: () => this.#endAll() };
    const isClosed = () => guard.status().breaker.state === 'closed';
    return [...asked, ended, { when: isClosed, act: () => this.#ask(guard) }];
  }

  async #wait(untilMs: number): Promise<void> {
    if (this.#context.now() > untilMs) {
      throw new GpuProbeError(
        'ERR_GPUPROBE_SIMULATION',
        'the simulated machine did not get to the end of the story',
      );
    }
    await sleep(POLL_MS);
  }

  async #ask(guard: Guard): Promise<void> {
    this.#sessions += 1;
    const name = `Session ${this.#sessions}`;
    try {
      this.#leases.push(await guard.acquire({ id: name }));
      const { count, max } = guard.status().sessions;
      this.#say(`${name} is admitted: ${count} of ${max}.`, 'green');
    } catch (error) {
      if (!(error instanceof GpuProbeError)) throw error;
      this.#say(`${name} is REFUSED: ${error.message}`, 'red');
    }
  }

  async #endAll(): Promise<void> {
    for (const lease of this.#leases.splice(0)) await lease.release();
    this.#say('With the restart all sessions have ended.');
  }

  #listen(guard: Guard): void {
    this.#gpu.on('monitoring', ({ works, because }) => {
      if (works && this.#darkSince === '') return;
      if (works) this.#say(`MONITORING WORKS AGAIN; it did not since ${this.#darkSince}.`, 'green');
      else this.#say(`MONITORING DOES NOT WORK: ${because}`, 'red');
      this.#darkSince = works ? '' : this.#time;
    });
    this.#gpu.on('finding', ({ finding }) => this.#sayFinding(finding));
    this.#gpu.on('recovered', ({ finding }) => this.#say(`Over: ${finding.id}.`, 'green'));
    guard.on('warning', ({ sessions, maxSessions }) =>
      this.#say(`WARNING: ${sessions} of ${maxSessions} sessions are in use.`, 'yellow'),
    );
    guard.on('breaker', ({ state }) => {
      if (state === 'open') this.#say('The guard admits nobody until a canary is well.', 'yellow');
      if (state === 'closed') this.#say('A canary is well: the guard admits sessions again.', 'green');
    });
  }

  #sayFinding({ id, severity, summary, inferred, remedy }: Finding): void {
    this.#say(`${severity.toUpperCase()} ${id}: ${summary}`, severity === 'critical' ? 'red' : 'yellow');
    const [cause] = inferred;
    if (cause !== undefined)
      this.#say(`Cause (${cause.confidence}): ${cause.cause}, because ${cause.because}.`);
    if (remedy[0] !== undefined) this.#say(`What to do: ${remedy[0]}`);
  }

  #say(text: string, style?: Style, at = this.#time): void {
    this.#line(text, style, `${at}  `);
  }

  #line(text: string, style?: Style, first = ''): void {
    const { stdout, paint, width } = this.#context;
    const indent = /^ */.exec(text)?.[0] ?? '';
    for (const line of wrap(text, width - MARK.length, first + indent)) {
      const painted = style === undefined ? line : paint(style, line);
      stdout.write(`${`${MARK}${painted}`.trimEnd()}\n`);
    }
  }
}
