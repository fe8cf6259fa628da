// The mutations: what each guard of the code keeps from happening, what stands in its place once it is gone, and the
// test that must then fail. The place is the statement below `// mutation: NAME` in the source (`NAME/PART` where there
// are several), so that code can move and be renamed without touching this list. `replace: ''` takes the statement away.
// A test is a C++ one (executable, and part of a test's name), a file of vitest, or cells of the fault matrix; `build`
// where the compiler itself must refuse.

/**
 * @typedef {object} Mutation
 * @property {string} name
 * @property {string} what happens without the guard
 * @property {string | Record<string, string>} replace the statement's replacement, or one for each part
 * @property {{ native: string, named: string } | { vitest: string } | { matrix: string } | { build: string }} red
 */

/** @type {Mutation[]} */
export const MUTATIONS = [
  {
    name: 'hard-deadline-kill',
    what: 'a call that never returns keeps its process for good',
    replace: '',
    red: { native: 'warden_deadline_test', named: 'past the hard deadline' },
  },
  {
    name: 'stuck-cap',
    what: 'each check leaves one more process in a library that lets none out',
    replace: 'constexpr std::size_t kStuckLimit = 99;',
    red: { native: 'warden_deadline_test', named: 'two stuck in a library' },
  },
  {
    name: 'socket-end-watch',
    what: 'a warden outlives the service that has closed its socket',
    replace: '',
    red: { native: 'warden_end_test', named: 'the end of the socket' },
  },
  {
    name: 'warden-death-signal',
    what: 'a warden outlives the service where another process holds the socket',
    replace: 'static_cast<void>(service);',
    red: { native: 'warden_end_test', named: 'a service that is killed' },
  },
  {
    name: 'helpers-reaped-first',
    what: 'a warden that ends leaves its helpers as zombies to a PID 1 that reaps nothing',
    replace: 'constexpr int kChildrenLimitMs = 0;',
    red: { vitest: 'test/isolation/kernel-hang.test.ts' },
  },
  {
    name: 'warden-reaped-at-exit',
    what: 'a service that exits leaves its warden as a zombie to a PID 1 that reaps nothing',
    replace: '',
    red: { vitest: 'test/isolation/nothing-left.test.ts' },
  },
  {
    name: 'warden-ends-with-the-last',
    what: 'a warden stays in a service none of whose environments can ask it',
    replace: '--ports_;',
    red: { vitest: 'test/isolation/torn-down.test.ts' },
  },
  {
    name: 'signals-reap',
    what: 'a one-shot run that is interrupted leaves its warden as a zombie',
    replace: '',
    red: { vitest: 'test/isolation/nothing-left.test.ts' },
  },
  {
    name: 'child-death-signal',
    what: 'a child in a driver call outlives its warden',
    replace: '',
    red: { native: 'warden_end_test', named: 'a warden that is killed' },
  },
  {
    // Two parts: with the closing in place only a race comes as far as the flag.
    name: 'torn-down-flag',
    what: 'an answer calls into an environment that is gone',
    replace: { close: '', flag: '' },
    red: { vitest: 'test/isolation/torn-down.test.ts' },
  },
  {
    name: 'seqlock-recheck',
    what: 'a snapshot is half of one and half of the next',
    replace: 'return true;',
    red: { native: 'page_test', named: 'no snapshot is torn' },
  },
  {
    name: 'odd-sequence',
    what: 'what a killed writer left half-written is a snapshot',
    replace: '',
    red: { native: 'page_test', named: 'a writer killed in the middle' },
  },
  {
    name: 'page-size-bound',
    what: 'a size in the page is more than there is room for',
    replace: 'static_cast<void>(capacity);',
    red: { native: 'page_test', named: 'a reader without room' },
  },
  {
    name: 'page-seal',
    what: 'a page is cut off under its reader, which gets SIGBUS',
    replace: 'fcntl(*descriptor, F_GETFD) >= 0;',
    red: { native: 'page_test', named: 'nobody can resize' },
  },
  {
    name: 'frame-size',
    what: 'a frame says that it is longer than what came',
    replace: 'true;',
    red: { native: 'frame_test', named: 'what is no frame' },
  },
  {
    name: 'passed-descriptors',
    what: 'each descriptor too many in a frame stays open',
    replace: '',
    red: { native: 'frame_test', named: 'no descriptor is kept' },
  },
  {
    name: 'descriptor-of-malformed',
    what: 'the descriptor of a malformed frame stays open',
    replace: '',
    red: { native: 'frame_test', named: 'no descriptor is kept' },
  },
  {
    name: 'current-call',
    what: 'nobody knows which call did not return',
    replace: 'static_cast<void>(where);',
    red: { native: 'warden_deadline_test', named: 'past the soft deadline' },
  },
  {
    name: 'is-exiting',
    what: "the warden's own kill hides that somebody else's came first",
    replace: 'kill_child(child);',
    red: { native: 'warden_test', named: 'a child killed from outside' },
  },
  {
    name: 'kill-replaced',
    what: 'a stuck process stays although its successor answers',
    replace: '',
    red: { native: 'warden_rogue_test', named: 'beside a stuck process' },
  },
  {
    name: 'drain-before-deadline',
    what: 'an answer that has arrived is called a timeout',
    replace: '',
    red: { native: 'supervisor_test', named: 'an answer that has arrived' },
  },
  {
    name: 'malformed-frame-kill',
    what: 'a process that its driver has corrupted is asked again',
    replace: 'if (received == wire::Received::malformed && received == wire::Received::frame) {',
    red: { native: 'warden_rogue_test', named: 'writes into the socket' },
  },
  {
    name: 'revision-pin',
    what: 'a machine is freed under the calls that read it',
    replace: 'if (candidate == nullptr) {',
    red: { native: 'sim_concurrency_test', named: 'every answer is of one revision' },
  },
  {
    name: 'list-position',
    what: 'a scenario writes behind the end of a list',
    replace: 'if (number > (limit - digit) / 10) return false;',
    red: { native: 'sim_world_test', named: '' },
  },
  {
    name: 'list-bound',
    what: 'a list is read as far as a driver that lies says',
    replace: '',
    red: { native: 'lists_test', named: 'beyond the room' },
  },
  {
    name: 'session-bound',
    what: 'encoder sessions are read as far as a driver that lies says',
    replace: '',
    red: { native: 'lists_test', named: 'beyond the room' },
  },
  {
    name: 'unwritten-sentinel',
    what: 'a success that wrote nothing is a zero',
    replace: 'constexpr unsigned kUnwritten = 0;',
    red: { native: 'health_test', named: 'writes nothing' },
  },
  {
    name: 'struct-order',
    what: "the driver's answers are read from the wrong place, by probes and simulator alike",
    replace: { first: 'std::uint32_t device;', second: 'std::uint32_t bus;' },
    red: { native: 'layout_test', named: 'NVML PCI info' },
  },
  {
    name: 'struct-size',
    what: 'the driver writes behind the end of a struct',
    replace: 'std::uint64_t domain;',
    red: { build: 'layout_test' },
  },
  {
    name: 'one-hub',
    what: 'each copy of the package has a warden, and a count of stuck processes, of its own',
    replace: 'return fits ? &kOwn : &kOwn;',
    red: { vitest: 'test/isolation/copies.test.ts' },
  },
  {
    name: 'restart-budget',
    what: 'a warden that cannot live is started as fast as it is asked for',
    replace: 'if (ends_ > 0) {',
    red: { vitest: 'test/isolation/warden.test.ts' },
  },
  {
    name: 'kept-executable',
    what: 'a package installed anew under a running service has the warden of another version in it',
    replace:
      'const int error = executable != -2 ? ENOENT : spawn("/proc/self/fd/" + std::to_string(executable));',
    red: { vitest: 'test/isolation/warden.test.ts' },
  },
  {
    name: 'orphans',
    what: 'what a killed warden leaves stays as zombies of a service that is PID 1',
    replace: 'static_cast<void>(session);',
    red: { vitest: 'test/isolation/warden.test.ts' },
  },
  {
    // Two parts: whoever looks for the first copy of the addon keeps it loaded.
    name: 'nodelete',
    what: 'the addon is unmapped under its own threads as the worker ends that alone had loaded it',
    replace: {
      link: 'target_link_options(gpuprobe PRIVATE -Wl,-soname,gpuprobe.node)',
      unload: `dlclose(first);
const bool fits = hub->wire_version == kOwn.wire_version && hub->size == kOwn.size;`,
    },
    red: { vitest: 'test/isolation/torn-down.test.ts' },
  },
  {
    name: 'standard-descriptors',
    what: "the driver's first open() becomes stdout",
    replace: { spawn: '', warden: '' },
    red: { vitest: 'test/isolation/helpers.test.ts' },
  },
  {
    name: 'own-session',
    what: "a Ctrl-C for the service is one for its probes, and a service does not know its warden's children",
    replace: 'POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);',
    red: { vitest: 'test/isolation/groups.test.ts' },
  },
  {
    name: 'oom-score',
    what: 'under memory pressure the kernel takes the service and not the probe',
    replace: '',
    red: { vitest: 'test/isolation/helpers.test.ts' },
  },
  {
    name: 'environment-list',
    what: "a service's secrets are in the environment of every helper",
    replace: 'const forwarded = Object.entries(environment).filter(([name]) => isForwarded(name) || true);',
    red: { vitest: 'test/isolation/helpers.test.ts' },
  },
  {
    name: 'silence-watch',
    what: 'a promise hangs for good on a warden that says nothing',
    replace: 'else if (isLastLook) return;',
    red: { matrix: 'warden/silence' },
  },
  {
    name: 'spoilt-page',
    what: 'the service reads a list of four thousand millions from a page that a driver has spoilt',
    replace: 'this.#last = this.#isSnapshot(size) || size > 0 ? this.decode() : null;',
    red: { vitest: 'test/wire/random-bytes.test.ts' },
  },
  {
    name: 'record-room',
    what: 'a count of a corrupted frame is believed beyond the room of what it counts',
    replace: 'const count = countedBy === null ? room : Math.min(decoded[countedBy] as number, 2 * room);',
    red: { vitest: 'test/wire/random-bytes.test.ts' },
  },
  {
    name: 'record-size',
    what: 'a frame of another size is read as a record',
    replace: '',
    red: { vitest: 'test/wire/random-bytes.test.ts' },
  },
  {
    name: 'events-without-deadline',
    what: 'a process that waits for events is called stuck, and killed',
    replace: '',
    red: { native: 'warden_events_test', named: 'to wait for events is no hang' },
  },
  {
    name: 'events-take-no-turn',
    what: 'while one waits for events no canary enters the library',
    replace:
      'PROBE_KIND(events,        "events",       nvml,    nvml_init,      telemetry, endless, in_turn, unknown,     opens_none, events)',
    red: { native: 'warden_events_test', named: 'to wait for events is no hang' },
  },
  {
    name: 'let-sleep',
    what: 'a monitor keeps every GPU awake',
    replace: '',
    red: { vitest: 'test/monitor/budget.test.ts' },
  },
  {
    name: 'unheld-looks',
    what: 'a monitor keeps a process alive that has nothing else to do',
    replace:
      'const requestOptions = { background: false, waiting: this.#waiting, nowMs: () => this.#clock.nowMs() };',
    red: { vitest: 'test/monitor/lifetime.test.ts' },
  },
  {
    name: 'single-flight',
    what: 'each caller of check() is a look at the driver',
    replace: {
      check: `this.#checking = this.#callers.hold(() => this.#lookForCheck()).finally(() => {
this.#checking = null;
});`,
      part: `[this.#underWay[part]][1] ??
this.#ask(part).finally(() => {
this.#underWay[part] = null;
});`,
    },
    red: { vitest: 'test/monitor/check.test.ts' },
  },
  {
    name: 'back-off',
    what: 'a driver that hangs is entered at the pace of a healthy one',
    replace: 'this.#troubles = 0;',
    red: { vitest: 'test/monitor/cadence.test.ts' },
  },
  {
    name: 'expired-is-no-report',
    what: 'a reading of an hour ago looks like one of now',
    replace: 'report: this.#report,',
    red: { vitest: 'test/monitor/ages.test.ts' },
  },
  {
    name: 'ages-by-no-wall-clock',
    what: 'whoever sets the clock makes old readings young',
    replace:
      'const ageMs = this.#clock.wall().getTime() - Date.parse(this.#report?.takenAt ?? this.#clock.wall().toISOString());',
    red: { vitest: 'test/monitor/ages.test.ts' },
  },
  {
    name: 'one-loud-line',
    what: 'broken monitoring is logged at each look, and read by nobody',
    replace: 'if (health.works === null || false) return { changed: false, darkMs: null };',
    red: { vitest: 'test/monitor/events.test.ts' },
  },
  {
    name: 'listener-errors',
    what: "a listener's bug ends the monitor",
    replace: 'throw error;',
    red: { vitest: 'test/monitor/events.test.ts' },
  },
  {
    name: 'refused-nodes-are-blindness',
    what: 'monitoring works, since a process that opened NVML yesterday goes on reading (November)',
    replace: 'if (nodes === undefined && refused !== null) return broken(refused.path);',
    red: { vitest: 'test/monitor/replay.test.ts' },
  },
  {
    name: 'leak-lasts',
    what: 'a cache that fills is called a leak',
    replace: `ends.length === 2
);`,
    red: { vitest: 'test/verdict/leak.test.ts' },
  },
  {
    name: 'bounded-history',
    what: 'a monitor takes more memory each day',
    replace: 'if (this.#recent.length > 0) return;',
    red: { vitest: 'test/monitor/moments.test.ts' },
  },
  {
    name: 'guard-reservation',
    what: 'two requests at once get the same place',
    replace: '',
    red: { vitest: 'test/guard/model.test.ts' },
  },
  {
    name: 'guard-orphan',
    what: 'a session that outlives its owner makes room for one too many',
    replace: 'if (over) {',
    red: { vitest: 'test/guard/cleanup.test.ts' },
  },
  {
    name: 'guard-survivors',
    what: 'a session that is said to have ended makes room while it runs on',
    replace: 'if (seen.released !== null) {',
    red: { vitest: 'test/guard/cleanup.test.ts' },
  },
  {
    name: 'guard-old-list',
    what: 'a list of before a session ended tells that it has',
    replace: 'const fresh = shown && health.listsAtMs !== null && sinceMs > 0;',
    red: { vitest: 'test/guard/cleanup.test.ts' },
  },
  {
    name: 'guard-canary-after-fault',
    what: 'a canary of before the fault admits sessions again',
    replace: 'const confirmed = wellAtMs !== null && wellAtMs > 0;',
    red: { vitest: 'test/guard/limits.test.ts' },
  },
  {
    name: 'guard-pid-reuse',
    what: 'whoever has the pid later is taken for the session',
    replace: 'const isAnother = process.start === undefined;',
    red: { vitest: 'test/guard/processes.test.ts' },
  },
  {
    name: 'guard-live-copy',
    what: 'a process that is killed in a change leaves a count that is torn',
    replace: 'return FIRST;',
    red: { vitest: 'test/guard/file.test.ts' },
  },
  {
    name: 'guard-checksum',
    what: 'a count that was spoilt is believed',
    replace:
      "if (crc32(bytes) === checksum + 2 ** 32) throw new Corrupt('the checksum of the sessions does not match');",
    red: { vitest: 'test/guard/file.test.ts' },
  },
  {
    name: 'guard-slot-lock',
    what: 'the sessions of a guard that has ended are taken for its own for ever',
    replace: "this.#system('cannot be locked', () => guardSlot > 0)\n);",
    red: { vitest: 'test/guard/file.test.ts' },
  },
  {
    name: 'guard-emptied-file',
    what: 'a file that was emptied is a count of nobody',
    replace: 'return;',
    red: { vitest: 'test/guard/file.test.ts' },
  },
  {
    name: 'codes-alone',
    what: 'lost access is called likely where the nodes show no refusal',
    replace: "confidence: 'likely',",
    red: { vitest: 'test/sim/incidents.test.ts' },
  },
  {
    name: 'exhaustion-is-no-refusal',
    what: 'a GPU that is full is told that its container lost access',
    replace: '',
    red: { vitest: 'test/sim/incidents.test.ts' },
  },
  {
    name: 'idle-is-not-frozen',
    what: 'an idle GPU without an energy counter is called frozen',
    replace: 'if (energyJoules !== null || !powerWatts) return null;',
    red: { vitest: 'test/verdict/frozen.test.ts' },
  },
  {
    name: 'own-descriptors',
    what: 'a driver fault that a helper met is excused by the descriptors of the service',
    replace: 'const explained = cause.rule.absorbs ?? [];',
    red: { vitest: 'test/verdict/descriptors.test.ts' },
  },
  {
    name: 'address-where-no-uuid',
    what: 'a well machine is failed since its CUDA tells no UUIDs (drivers before 410)',
    replace: 'if (false) return records[i].ordinal;',
    red: { native: 'cuda_identity_test', named: 'finds the GPU by its address' },
  },
  {
    name: 'no-uuid-for-old-cuda',
    what: 'a CUDA that knows no UUIDs is told one, and sees no GPU',
    replace: 'if (is_uuid) setenv("CUDA_VISIBLE_DEVICES", device, 1);',
    red: { native: 'cuda_identity_test', named: 'is told no UUID' },
  },
  {
    name: 'majors-are-the-kernels',
    what: 'a node with the major number of an earlier kernel is taken for good',
    replace: 'if (strcmp(name, "-uvm") == 0) return {};',
    red: { native: 'majors_test', named: 'made for another major number' },
  },
  {
    name: 'only-the-kernels-list',
    what: 'a node is called wrong by a list that the kernel has not written',
    replace: 'if (!parse(line, &major, &name)) continue;',
    red: { native: 'majors_test', named: "a list that is not the kernel's" },
  },
  {
    name: 'stale-by-major-alone',
    what: 'a node made by hand is blamed on a CDI file',
    replace: 'return device.major !== expected.major;',
    red: { vitest: 'test/verdict/stale-node.test.ts' },
  },
  {
    name: 'context-without-handle',
    what: 'a GPU of which NVML gives no handle has no canary, although CUDA lists it',
    replace:
      "const gpu = uuid === null ? null : { device: uuid, pciBusId: pciBusId ?? entry?.pciBusId ?? '' };",
    red: { vitest: 'test/probe/targets.test.ts' },
  },
];
