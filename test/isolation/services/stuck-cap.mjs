// @ts-check
// A service that probes three times while NVML hangs, and says the row of NVML in each report.
import { probe, say } from '../../support/service-kit.mjs';

const rows = [];
for (let i = 0; i < 3; i++) {
  const { checks } = await probe({ simulate: 'hang-nvml-init', deadlineMs: 400, checks: ['nvml'] });
  rows.push(checks.find(({ id }) => id === 'nvml.init' || id === 'nvml.telemetry'));
}
say(rows);
