// @ts-check
// A service whose children are killed in the driver: says the rows that were killed, and what was found.
import { probe, say, told } from '../../support/service-kit.mjs';

const { checks, findings } = await probe({
  simulate: 'hang-nvml-init',
  deadlineMs: 60_000,
  checks: ['nvml'],
});
say(checks.filter((row) => row.name === 'KILLED'));
say(findings.map((finding) => finding.id));
await told();
