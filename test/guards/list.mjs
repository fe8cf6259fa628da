// The named guards: what to take away, and the test that must then fail. `edits` are exact texts of a file and what
// stands there instead. A test is a C++ one (executable, and part of a test's name), a file of vitest, or cells of the
// fault matrix; `build` where the compiler itself must refuse.

/**
 * @typedef {object} Guard
 * @property {string} name
 * @property {string} what it keeps from happening
 * @property {{ file: string, find: string, replace: string }[]} edits
 * @property {{ native: string, named: string } | { vitest: string } | { matrix: string } | { build: string }} red
 */

/** @param {string} file @param {string} find @param {string} replace */
const edit = (file, find, replace = '') => ({ file: `native/${file}`, find, replace });

/** The same in lib/guard. @param {string} file @param {string} find @param {string} replace */
const guard = (file, find, replace) => ({ file: `lib/guard/${file}`, find, replace });

/** @type {Guard[]} */
export const GUARDS = [
  {
    name: 'hard-deadline-kill',
    what: 'a call that never returns keeps its process for good',
    edits: [
      edit('warden/supervisor.cc', 'if (!child.killed && now_ns >= child.hard_ns) kill_child(&child);'),
    ],
    red: { native: 'warden_deadline_test', named: 'past the hard deadline' },
  },
  {
    name: 'stuck-cap',
    what: 'each check leaves one more process in a library that lets none out',
    edits: [edit('warden/supervisor.h', 'kStuckLimit = 2;', 'kStuckLimit = 99;')],
    red: { native: 'warden_deadline_test', named: 'two stuck in a library' },
  },
  {
    name: 'socket-end-watch',
    what: 'a warden outlives the service that has closed its socket',
    edits: [edit('warden/main.cc', 'if (received == wire::Received::closed) leave(supervisor, signals);')],
    red: { native: 'warden_end_test', named: 'the end of the socket' },
  },
  {
    name: 'warden-death-signal',
    what: 'a warden outlives the service where another process holds the socket',
    edits: [edit('warden/main.cc', 'die_with_parent(service, SIGTERM);', 'static_cast<void>(service);')],
    red: { native: 'warden_end_test', named: 'a service that is killed' },
  },
  {
    name: 'helpers-reaped-first',
    what: 'a warden that ends leaves its helpers as zombies to a PID 1 that reaps nothing',
    edits: [
      edit('warden/main.cc', 'constexpr int kChildrenLimitMs = 900;', 'constexpr int kChildrenLimitMs = 0;'),
    ],
    red: { vitest: 'test/isolation/kernel-hang.test.ts' },
  },
  {
    name: 'warden-reaped-at-exit',
    what: 'a service that exits leaves its warden as a zombie to a PID 1 that reaps nothing',
    edits: [
      edit('addon/hub.cc', 'if (thread_running_) std::atexit([] { instance().end_warden_at_exit(); });'),
    ],
    red: { vitest: 'test/isolation/nothing-left.test.ts' },
  },
  {
    name: 'warden-ends-with-the-last',
    what: 'a warden stays in a service none of whose environments can ask it',
    edits: [edit('addon/hub.cc', 'if (--ports_ == 0) leave(kExitLimitMs);', '--ports_;')],
    red: { vitest: 'test/isolation/torn-down.test.ts' },
  },
  {
    name: 'signals-reap',
    what: 'a one-shot run that is interrupted leaves its warden as a zombie',
    edits: [{ file: 'lib/surfaces/cli/signals.ts', find: '    cleanUp();\n', replace: '' }],
    red: { vitest: 'test/isolation/nothing-left.test.ts' },
  },
  {
    name: 'child-death-signal',
    what: 'a child in a driver call outlives its warden',
    edits: [edit('warden/child.cc', 'die_with_parent(plan.warden, SIGKILL);')],
    red: { native: 'warden_end_test', named: 'a warden that is killed' },
  },
  {
    // Two in a row: with the forgetting in place only a race comes as far as the flag.
    name: 'torn-down-flag',
    what: 'an answer calls into an environment that is gone',
    edits: [
      edit('addon/shared_hub.cc', 'Hub::instance().close_port(handle->get());'),
      edit('addon/env_port.cc', 'if (!open_) return;\n  if (napi_call', 'if (napi_call'),
    ],
    red: { vitest: 'test/isolation/torn-down.test.ts' },
  },
  {
    name: 'seqlock-recheck',
    what: 'a snapshot is half of one and half of the next',
    edits: [
      edit(
        'wire/page.cc',
        'if (page.sequence.load(std::memory_order_relaxed) == before) return true;',
        'return true;',
      ),
    ],
    red: { native: 'page_test', named: 'no snapshot is torn' },
  },
  {
    name: 'odd-sequence',
    what: 'what a killed writer left half-written is a snapshot',
    edits: [edit('wire/page.cc', 'if ((before & 1) != 0) continue;')],
    red: { native: 'page_test', named: 'a writer killed in the middle' },
  },
  {
    name: 'page-size-bound',
    what: 'a size in the page is more than there is room for',
    edits: [
      edit(
        'wire/page.cc',
        'if (reading->size > capacity || reading->size > sizeof page.snapshot) return false;',
        'static_cast<void>(capacity);',
      ),
    ],
    red: { native: 'page_test', named: 'a reader without room' },
  },
  {
    name: 'page-seal',
    what: 'a page is cut off under its reader, which gets SIGBUS',
    edits: [
      edit(
        'wire/page.cc',
        'fcntl(*descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0',
        'fcntl(*descriptor, F_GETFD) >= 0',
      ),
    ],
    red: { native: 'page_test', named: 'nobody can resize' },
  },
  {
    name: 'frame-size',
    what: 'a frame says that it is longer than what came',
    edits: [edit('wire/frame.cc', 'header.size == length - sizeof header', 'true')],
    red: { native: 'frame_test', named: 'what is no frame' },
  },
  {
    name: 'passed-descriptors',
    what: 'each descriptor too many in a frame stays open',
    edits: [edit('wire/frame.cc', '      } else {\n        close(descriptor);\n      }', '      }')],
    red: { native: 'frame_test', named: 'no descriptor is kept' },
  },
  {
    name: 'descriptor-of-malformed',
    what: 'the descriptor of a malformed frame stays open',
    edits: [edit('wire/frame.cc', 'if (*passed >= 0) close(*passed);')],
    red: { native: 'frame_test', named: 'no descriptor is kept' },
  },
  {
    name: 'current-call',
    what: 'nobody knows which call did not return',
    edits: [
      edit('probes/current_call.h', '  where->enter(Function::id);\n', '  static_cast<void>(where);\n'),
    ],
    red: { native: 'warden_deadline_test', named: 'past the soft deadline' },
  },
  {
    name: 'is-exiting',
    what: "the warden's own kill hides that somebody else's came first",
    edits: [
      edit(
        'warden/supervisor.cc',
        'if (!proc::is_exiting(child->pid)) kill_child(child);',
        'kill_child(child);',
      ),
    ],
    red: { native: 'warden_test', named: 'a child killed from outside' },
  },
  {
    name: 'kill-replaced',
    what: 'a stuck process stays although its successor answers',
    edits: [edit('warden/supervisor.cc', 'if (!child->failed) kill_replaced(*child);')],
    red: { native: 'warden_rogue_test', named: 'beside a stuck process' },
  },
  {
    name: 'drain-before-deadline',
    what: 'an answer that has arrived is called a timeout',
    edits: [edit('warden/supervisor.cc', 'if (!child.stuck && now_ns >= child.soft_ns) drain(&child);')],
    red: { native: 'supervisor_test', named: 'an answer that has arrived' },
  },
  {
    name: 'malformed-frame-kill',
    what: 'a process that its driver has corrupted is asked again',
    edits: [
      edit(
        'warden/supervisor.cc',
        'received == wire::Received::malformed || (received == wire::Received::frame && !whole)',
        'received == wire::Received::malformed && received == wire::Received::frame',
      ),
    ],
    red: { native: 'warden_rogue_test', named: 'writes into the socket' },
  },
  {
    name: 'revision-pin',
    what: 'a machine is freed under the calls that read it',
    edits: [
      edit('sim/engine/revision.cc', 'if (candidate->pins.load() != 0) {', 'if (candidate == nullptr) {'),
    ],
    red: { native: 'sim_concurrency_test', named: 'every answer is of one revision' },
  },
  {
    name: 'list-position',
    what: 'a scenario writes behind the end of a list',
    edits: [edit('sim/engine/fields.cc', 'digit > limit || number', 'number')],
    red: { native: 'sim_world_test', named: '' },
  },
  {
    name: 'list-bound',
    what: 'a list is read as far as a driver that lies says',
    edits: [edit('probes/nvml_lists.cc', 'if (count > kMaxListed) return kMalformed;')],
    red: { native: 'lists_test', named: 'beyond the room' },
  },
  {
    name: 'session-bound',
    what: 'encoder sessions are read as far as a driver that lies says',
    edits: [
      edit(
        'probes/nvml_lists.cc',
        'if (device->sessions_code == kNvmlSuccess && count > kRoom) device->sessions_code = kMalformed;',
      ),
    ],
    red: { native: 'lists_test', named: 'beyond the room' },
  },
  {
    name: 'unwritten-sentinel',
    what: 'a success that wrote nothing is a zero',
    edits: [
      edit(
        'probes/nvml_health.cc',
        'constexpr unsigned kUnwritten = 0xFFFFFFFFu;',
        'constexpr unsigned kUnwritten = 0;',
      ),
    ],
    red: { native: 'health_test', named: 'writes nothing' },
  },
  {
    name: 'struct-order',
    what: "the driver's answers are read from the wrong place, by probes and simulator alike",
    edits: [
      edit(
        'driver/nvml_abi.h',
        '  std::uint32_t bus;\n  std::uint32_t device;\n',
        '  std::uint32_t device;\n  std::uint32_t bus;\n',
      ),
    ],
    red: { native: 'layout_test', named: 'NVML PCI info' },
  },
  {
    name: 'struct-size',
    what: 'the driver writes behind the end of a struct',
    edits: [edit('driver/nvml_abi.h', '  std::uint32_t domain;', '  std::uint64_t domain;')],
    red: { build: 'layout_test' },
  },
  {
    name: 'one-hub',
    what: 'each copy of the package has a warden, and a count of stuck processes, of its own',
    edits: [edit('addon/shared_hub.cc', 'return fits ? hub : &kOwn;', 'return fits ? &kOwn : &kOwn;')],
    red: { vitest: 'test/isolation/copies.test.ts' },
  },
  {
    name: 'restart-budget',
    what: 'a warden that cannot live is started as fast as it is asked for',
    edits: [edit('addon/restart_budget.cc', 'if (ends_ <= kAtOnce) {', 'if (ends_ > 0) {')],
    red: { vitest: 'test/isolation/warden.test.ts' },
  },
  {
    name: 'kept-executable',
    what: 'a package installed anew under a running service has the warden of another version in it',
    edits: [edit('addon/spawn.cc', 'executable < 0 ? ENOENT : spawn', 'executable != -2 ? ENOENT : spawn')],
    red: { vitest: 'test/isolation/warden.test.ts' },
  },
  {
    name: 'orphans',
    what: 'what a killed warden leaves stays as zombies of a service that is PID 1',
    edits: [edit('addon/warden_link.cc', 'orphans_.adopt(session, now_ns);', 'static_cast<void>(session);')],
    red: { vitest: 'test/isolation/warden.test.ts' },
  },
  {
    // Two in a row: whoever looks for the first copy of the addon holds it.
    name: 'nodelete',
    what: 'the addon is unmapped under its own threads as the worker ends that alone had loaded it',
    edits: [
      { file: 'CMakeLists.txt', find: '-Wl,-z,nodelete ', replace: '' },
      edit('addon/shared_hub.cc', 'const bool fits =', 'dlclose(first);\n  const bool fits ='),
    ],
    red: { vitest: 'test/isolation/torn-down.test.ts' },
  },
  {
    name: 'standard-descriptors',
    what: "the driver's first open() becomes stdout",
    edits: [
      edit(
        'addon/spawn.cc',
        'posix_spawn_file_actions_addopen(&settings.actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);',
      ),
      edit('warden/main.cc', 'if (null >= 0 && fcntl(standard, F_GETFD) < 0) dup2(null, standard);'),
    ],
    red: { vitest: 'test/isolation/helpers.test.ts' },
  },
  {
    name: 'own-session',
    what: "a Ctrl-C for the service is one for its probes, and a service does not know its warden's children",
    edits: [edit('addon/spawn.cc', 'POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID', 'POSIX_SPAWN_SETSIGDEF')],
    red: { vitest: 'test/isolation/groups.test.ts' },
  },
  {
    name: 'oom-score',
    what: 'under memory pressure the kernel takes the service and not the probe',
    edits: [edit('warden/child.cc', 'offer_to_oom_killer();')],
    red: { vitest: 'test/isolation/helpers.test.ts' },
  },
  {
    name: 'environment-list',
    what: "a service's secrets are in the environment of every helper",
    edits: [
      {
        file: 'lib/native/environment.ts',
        find: '.filter(([name]) => NAMES.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix)))',
        replace: '',
      },
    ],
    red: { vitest: 'test/isolation/helpers.test.ts' },
  },
  {
    name: 'silence-watch',
    what: 'a promise hangs for good on a warden that says nothing',
    edits: [
      {
        file: 'lib/native/silence.ts',
        find: 'else if (isLastLook) this.#onSilence();',
        replace: 'else if (isLastLook) return;',
      },
    ],
    red: { matrix: 'warden/silence' },
  },
  {
    name: 'spoilt-page',
    what: 'the service reads a list of four thousand millions from a page that a driver has spoilt',
    edits: [
      {
        file: 'lib/native/snapshot.ts',
        find: 'this.#isSnapshot(size) ? this.decode() : null',
        replace: 'this.#isSnapshot(size) || size > 0 ? this.decode() : null',
      },
    ],
    red: { vitest: 'test/wire/random-bytes.test.ts' },
  },
  {
    name: 'record-room',
    what: 'a count of a corrupted frame is believed beyond the room of what it counts',
    edits: [
      {
        file: 'lib/native/records.ts',
        find: 'Math.min(decoded[countedBy] as number, room)',
        replace: 'Math.min(decoded[countedBy] as number, 2 * room)',
      },
    ],
    red: { vitest: 'test/wire/random-bytes.test.ts' },
  },
  {
    name: 'record-size',
    what: 'a frame of another size is read as a record',
    edits: [
      {
        file: 'lib/native/records.ts',
        find: 'if (payload.byteLength !== layout.records[name].size) return undefined;',
        replace: '',
      },
    ],
    red: { vitest: 'test/wire/random-bytes.test.ts' },
  },
  {
    name: 'events-without-deadline',
    what: 'a process that waits for events is called stuck, and killed',
    edits: [edit('warden/supervisor.cc', 'child->soft_ns = child->hard_ns = UINT64_MAX;')],
    red: { native: 'warden_events_test', named: 'to wait for events is no hang' },
  },
  {
    name: 'events-take-no-turn',
    what: 'while one waits for events no canary enters the library',
    edits: [edit('catalog/kinds.def', 'telemetry, endless, any_time,', 'telemetry, endless, in_turn,')],
    red: { native: 'warden_events_test', named: 'to wait for events is no hang' },
  },
  {
    name: 'let-sleep',
    what: 'a monitor keeps every GPU awake',
    edits: [
      edit('probes/nvml_telemetry.cc', 'if ((flags & kSkipSuspended) != 0 && leave_asleep(index)) return;'),
    ],
    red: { vitest: 'test/monitor/budget.test.ts' },
  },
  {
    name: 'unheld-looks',
    what: 'a monitor keeps a process alive that has nothing else to do',
    edits: [{ file: 'lib/monitor/poller.ts', find: 'background: true', replace: 'background: false' }],
    red: { vitest: 'test/monitor/lifetime.test.ts' },
  },
  {
    name: 'single-flight',
    what: 'each caller of check() is a look at the driver',
    edits: [
      { file: 'lib/monitor/monitor.ts', find: 'this.#checking ??=', replace: 'this.#checking =' },
      { file: 'lib/monitor/poller.ts', find: 'this.#underWay[part] ??', replace: 'null ??' },
    ],
    red: { vitest: 'test/monitor/check.test.ts' },
  },
  {
    name: 'back-off',
    what: 'a driver that hangs is entered at the pace of a healthy one',
    edits: [{ file: 'lib/monitor/cadence.ts', find: 'trouble ? this.#troubles + 1 : 0', replace: '0' }],
    red: { vitest: 'test/monitor/cadence.test.ts' },
  },
  {
    name: 'expired-is-no-report',
    what: 'a reading of an hour ago looks like one of now',
    edits: [
      {
        file: 'lib/monitor/monitor.ts',
        find: "state === 'expired' ? null : this.#report",
        replace: 'this.#report',
      },
    ],
    red: { vitest: 'test/monitor/ages.test.ts' },
  },
  {
    name: 'ages-by-no-wall-clock',
    what: 'whoever sets the clock makes old readings young',
    edits: [
      {
        file: 'lib/monitor/monitor.ts',
        find: 'const ageMs = this.#freshness.ageMs(nowMs);\n    const state = this.#freshness.state(ageMs);\n    const canaryMs',
        replace:
          'const ageMs = this.#clock.wall().getTime() - Date.parse(this.#report?.takenAt ?? this.#clock.wall().toISOString());\n    const state = this.#freshness.state(ageMs);\n    const canaryMs',
      },
    ],
    red: { vitest: 'test/monitor/ages.test.ts' },
  },
  {
    name: 'one-loud-line',
    what: 'broken monitoring is logged at each look, and read by nobody',
    edits: [
      { file: 'lib/monitor/monitoring-status.ts', find: 'health.works === before.works', replace: 'false' },
    ],
    red: { vitest: 'test/monitor/events.test.ts' },
  },
  {
    name: 'listener-errors',
    what: "a listener's bug ends the monitor",
    edits: [
      {
        file: 'lib/events.ts',
        find: '} catch (error) {\n      this.#onError(name, error);',
        replace: '} catch (error) {\n      throw error;',
      },
    ],
    red: { vitest: 'test/monitor/events.test.ts' },
  },
  {
    name: 'refused-nodes-are-blindness',
    what: 'monitoring works, since a process that opened NVML yesterday goes on reading (November)',
    edits: [
      {
        file: 'lib/monitor/health.ts',
        find: 'if (nodes !== undefined && refused !== null) return',
        replace: 'if (nodes === undefined && refused !== null) return',
      },
    ],
    red: { vitest: 'test/monitor/replay.test.ts' },
  },
  {
    name: 'leak-lasts',
    what: 'a cache that fills is called a leak',
    edits: [
      {
        file: 'lib/verdict/rules/leak.ts',
        find: 'ends.every((end) => end >= slope * LEAST_OF_SLOPE)',
        replace: 'ends.length === 2',
      },
    ],
    red: { vitest: 'test/verdict/leak.test.ts' },
  },
  {
    name: 'bounded-history',
    what: 'a monitor takes more memory each day',
    edits: [
      {
        file: 'lib/monitor/history.ts',
        find: 'if (this.#recent.length <= this.#room.recent) return;',
        replace: 'if (this.#recent.length > 0) return;',
      },
    ],
    red: { vitest: 'test/monitor/moments.test.ts' },
  },
  {
    name: 'guard-reservation',
    what: 'two requests at once get the same place',
    edits: [guard('sessions/admission.ts', '    ledger.put(lease);\n    return lease;', '    return lease;')],
    red: { vitest: 'test/guard/model.test.ts' },
  },
  {
    name: 'guard-orphan',
    what: 'a session that outlives its owner makes room for one too many',
    edits: [guard('sessions/sweep.ts', 'if (over && hasEnded(lease, table, health))', 'if (over)')],
    red: { vitest: 'test/guard/cleanup.test.ts' },
  },
  {
    name: 'guard-survivors',
    what: 'a session that is said to have ended makes room while it runs on',
    edits: [guard('sessions/release.ts', 'if (seen.released === true) {', 'if (seen.released !== null) {')],
    red: { vitest: 'test/guard/cleanup.test.ts' },
  },
  {
    name: 'guard-old-list',
    what: 'a list of before a session ended tells that it has',
    edits: [guard('sessions/evidence.ts', 'health.listsAtMs >= sinceMs', 'sinceMs > 0')],
    red: { vitest: 'test/guard/cleanup.test.ts' },
  },
  {
    name: 'guard-canary-after-fault',
    what: 'a canary of before the fault admits sessions again',
    edits: [guard('breaker.ts', 'wellAtMs > this.#openedAtMs', 'wellAtMs > 0')],
    red: { vitest: 'test/guard/limits.test.ts' },
  },
  {
    name: 'guard-pid-reuse',
    what: 'whoever has the pid later is taken for the session',
    edits: [
      guard(
        'processes.ts',
        'process.start !== null && process.start !== stat.start',
        'process.start === undefined',
      ),
    ],
    red: { vitest: 'test/guard/processes.test.ts' },
  },
  {
    name: 'guard-live-copy',
    what: 'a process that is killed in a change leaves a count that is torn',
    edits: [guard('ledger/format.ts', 'if (FIRST + length <= at) return FIRST;', 'return FIRST;')],
    red: { vitest: 'test/guard/file.test.ts' },
  },
  {
    name: 'guard-checksum',
    what: 'a count that was spoilt is believed',
    edits: [
      guard('ledger/format.ts', 'if (crc32(bytes) !== checksum)', 'if (crc32(bytes) === checksum + 2 ** 32)'),
    ],
    red: { vitest: 'test/guard/file.test.ts' },
  },
  {
    name: 'guard-slot-lock',
    what: 'the sessions of a guard that has ended are taken for its own for ever',
    edits: [guard('ledger/file.ts', 'isLocked(this.#fd, GUARD_SLOTS_AT + guardSlot)', 'guardSlot > 0')],
    red: { vitest: 'test/guard/file.test.ts' },
  },
  {
    name: 'guard-emptied-file',
    what: 'a file that was emptied is a count of nobody',
    edits: [guard('ledger/file.ts', 'if (bootId === this.#bootId || !this.#isUsed()) return;', 'return;')],
    red: { vitest: 'test/guard/file.test.ts' },
  },
  {
    name: 'codes-alone',
    what: 'lost access is called likely where the nodes show no refusal',
    edits: [
      {
        file: 'lib/verdict/causes/cuda.ts',
        find: "confidence: refused ? 'likely' : 'possible',",
        replace: "confidence: 'likely',",
      },
    ],
    red: { vitest: 'test/sim/incidents.test.ts' },
  },
  {
    name: 'exhaustion-is-no-refusal',
    what: 'a GPU that is full is told that its container lost access',
    edits: [
      {
        file: 'lib/verdict/causes/nvml.ts',
        find: 'if (exhausted.length > 0) return outOfResources(exhausted);',
        replace: '',
      },
    ],
    red: { vitest: 'test/sim/incidents.test.ts' },
  },
  {
    name: 'idle-is-not-frozen',
    what: 'an idle GPU without an energy counter is called frozen',
    edits: [{ file: 'lib/verdict/rules/frozen.ts', find: '|| !gpuUtilization ||', replace: '||' }],
    red: { vitest: 'test/verdict/frozen.test.ts' },
  },
  {
    name: 'own-descriptors',
    what: 'a driver fault that a helper met is excused by the descriptors of the service',
    edits: [
      {
        file: 'lib/verdict/absorb.ts',
        find: 'cause.hit.absorbs ?? cause.rule.absorbs',
        replace: 'cause.rule.absorbs',
      },
    ],
    red: { vitest: 'test/verdict/descriptors.test.ts' },
  },
  {
    name: 'address-where-no-uuid',
    what: 'a well machine is failed since its CUDA tells no UUIDs (drivers before 410)',
    edits: [
      edit(
        'probes/cuda_session.cc',
        'if (driver::same_pci_address(records[i].pci_bus_id, pci_bus_id))',
        'if (false)',
      ),
    ],
    red: { native: 'cuda_identity_test', named: 'finds the GPU by its address' },
  },
  {
    name: 'no-uuid-for-old-cuda',
    what: 'a CUDA that knows no UUIDs is told one, and sees no GPU',
    edits: [edit('probes/cuda_session.cc', 'if (is_uuid && tells_uuids)', 'if (is_uuid)')],
    red: { native: 'cuda_identity_test', named: 'is told no UUID' },
  },
  {
    name: 'majors-are-the-kernels',
    what: 'a node with the major number of an earlier kernel is taken for good',
    edits: [edit('driver/nodes.cc', 'return {majors.uvm, 0, majors.uvm.known};', 'return {};')],
    red: { native: 'majors_test', named: 'made for another major number' },
  },
  {
    name: 'only-the-kernels-list',
    what: 'a node is called wrong by a list that the kernel has not written',
    edits: [
      edit(
        'driver/majors.cc',
        'if (!parse(line, &major, &name)) return false;',
        'if (!parse(line, &major, &name)) continue;',
      ),
    ],
    red: { native: 'majors_test', named: "a list that is not the kernel's" },
  },
  {
    name: 'stale-by-major-alone',
    what: 'a node made by hand is blamed on a CDI file',
    edits: [
      {
        file: 'lib/verdict/device-nodes.ts',
        find: 'device.major !== expected.major && device.minor === expected.minor',
        replace: 'device.major !== expected.major',
      },
    ],
    red: { vitest: 'test/verdict/stale-node.test.ts' },
  },
  {
    name: 'context-without-handle',
    what: 'a GPU of which NVML gives no handle has no canary, although CUDA lists it',
    edits: [
      { file: 'lib/probe/targets.ts', find: 'uuid === null ? byCuda :', replace: 'uuid === null ? null :' },
    ],
    red: { vitest: 'test/probe/targets.test.ts' },
  },
];
