/** NVML in the process itself, called from JavaScript: no isolation, and every call on the event loop. */

/** What is read of a device: function, and the form of its results. */
const READINGS = [
  ['nvmlDeviceGetMemoryInfo', ['_Out_ Memory *']],
  ['nvmlDeviceGetUtilizationRates', ['_Out_ Utilization *']],
  ['nvmlDeviceGetTemperature', ['uint', '_Out_ uint *'], [0]],
  ['nvmlDeviceGetPowerUsage', ['_Out_ uint *']],
  ['nvmlDeviceGetEnforcedPowerLimit', ['_Out_ uint *']],
  ['nvmlDeviceGetClockInfo', ['uint', '_Out_ uint *'], [1]],
  ['nvmlDeviceGetClockInfo', ['uint', '_Out_ uint *'], [2]],
  ['nvmlDeviceGetComputeMode', ['_Out_ uint *']],
  ['nvmlDeviceGetPersistenceMode', ['_Out_ uint *']],
  ['nvmlDeviceGetEncoderUtilization', ['_Out_ uint *', '_Out_ uint *']],
  ['nvmlDeviceGetDecoderUtilization', ['_Out_ uint *', '_Out_ uint *']],
  ['nvmlDeviceGetEncoderStats', ['_Out_ uint *', '_Out_ uint *', '_Out_ uint *']],
  ['nvmlDeviceGetTotalEnergyConsumption', ['_Out_ uint64_t *']],
];

/** @type {import('./index.mjs').Peer} */
export const koffi = {
  id: 'koffi',
  what: 'koffi, NVML called in the service itself',
  reads: 200,
  async open() {
    const { default: ffi } = await import('koffi');
    ffi.struct('Memory', { total: 'uint64_t', free: 'uint64_t', used: 'uint64_t' });
    ffi.struct('Utilization', { gpu: 'uint', memory: 'uint' });
    const nvml = ffi.load('libnvidia-ml.so.1');
    const must = (/** @type {string} */ name, /** @type {number} */ code) => {
      if (code !== 0) throw new Error(`${name}: ${code}`);
    };
    must('nvmlInit_v2', nvml.func('int nvmlInit_v2()')());
    const handleOf = nvml.func('int nvmlDeviceGetHandleByIndex_v2(uint index, _Out_ void **device)');
    const handles = [0, 1].map((index) => {
      const out = [null];
      must('nvmlDeviceGetHandleByIndex_v2', handleOf(index, out));
      return out[0];
    });
    const calls = READINGS.map(([name, parameters, given = []]) => {
      const call = nvml.func(/** @type {string} */ (name), 'int', [
        'void *',
        .../** @type {string[]} */ (parameters),
      ]);
      const outs = parameters.length - given.length;
      return { name: /** @type {string} */ (name), call, given: /** @type {number[]} */ (given), outs };
    });
    return () =>
      handles.map((handle) =>
        calls.map(({ name, call, given, outs }) => {
          const results = Array.from({ length: outs }, () => [null]);
          const code = call(handle, ...given, ...results);
          // What a model has not (3) is no failure.
          if (code !== 3) must(name, code);
          return results;
        }),
      );
  },
};
