// Every fault that the simulator has, as the scenario writes it. `applies`: to which functions, where not to all.

/** Codes that a driver gives; one that no header knows; one that is no code at all. */
const CODES = { nvml: [999, 15, 3, 31337, -7], cuda: [999, 800, 2, 31337, -7] };
const DELAY_MS = 30;

const writes = ({ parameters }) => parameters.includes('*');
const writesText = ({ parameters }) => /char *\* *\w+, *(unsigned|int) /.test(parameters);
/** Of a list, or of the GPUs; what is counted otherwise has no length that could be absurd. */
const writesCount = ({ name, parameters }) =>
  /\b(unsigned|int) *\* *\w*count\b/.test(parameters) &&
  (/GetCount/.test(name) || /count,.*\*/.test(parameters));

/** One of each kind, for where all of them would only say the same again. */
export const ONE_OF_EACH = ['nvml=999', 'cuda=999', 'hang', 'segv', 'garbage'];

/** Named as in a cell's name. */
export const FAULTS = {
  ...Object.fromEntries(
    Object.entries(CODES).flatMap(([library, codes]) =>
      codes.map((code) => [
        `${library}=${code}`,
        { fault: { return: code }, applies: (item) => item.library === library },
      ]),
    ),
  ),
  delay: { fault: { delayMs: DELAY_MS } },
  hang: { fault: { hang: true } },
  'busy-loop': { fault: { hang: 'busy-loop' } },
  segv: { fault: { crash: 'SIGSEGV' } },
  abort: { fault: { crash: 'SIGABRT' } },
  'exit=0': { fault: { exit: 0 } },
  'exit=7': { fault: { exit: 7 } },
  garbage: { fault: { output: 'garbage' }, applies: writes },
  unterminated: { fault: { output: 'unterminated' }, applies: writesText },
  'absurd-count': { fault: { output: 'absurd-count' }, applies: writesCount },
  missing: { fault: { missing: true } },
};

export const neverReturns = ({ hang }) => hang !== undefined;
export const endsProcess = ({ crash, exit }) => crash !== undefined || exit !== undefined;
