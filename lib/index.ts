/**
 * gpuprobe tells a Node service that its GPU is broken, or that its GPU monitoring is, before its users notice.
 *
 * @packageDocumentation
 */
export {
  ERRORS,
  type ErrorCode,
  type ErrorDetails,
  GpuProbeError,
  type IdleSession,
  type LimitName,
} from './errors.js';
export type { EventBase } from './events.js';
export type { BreakerState } from './guard/breaker.js';
export type { GuardCounters } from './guard/counters.js';
export { createGuard } from './guard/create-guard.js';
export type { GuardEventName, GuardEvents, GuardListener } from './guard/events.js';
export type { Guard, Reconciliation } from './guard/guard.js';
export type { Fault } from './guard/health.js';
export type { GuardOptions } from './guard/options.js';
export type { AcquireRequest, Lease, LeaseInfo, LeaseState, ReleaseResult } from './guard/sessions/lease.js';
export type { GuardStatus } from './guard/status.js';
export { createGpuProbe } from './monitor/create-gpu-probe.js';
export type { EventName, GpuProbeEvents, Listener, MonitorEvent } from './monitor/events.js';
export type { Fallback, Holder } from './monitor/fallback.js';
export type { FreshnessState, Gap } from './monitor/freshness.js';
export type { CheckOptions, GpuProbe } from './monitor/gpu-probe.js';
export type { CanaryOutcome, Latest, PendingCall } from './monitor/latest.js';
export type { Monitoring } from './monitor/monitoring-status.js';
export type { GpuProbeOptions, Logger } from './monitor/options.js';
export type { CheckSelector, ProbeOptions, Simulation } from './probe/options.js';
export type { OnProgress, Progress } from './probe/probe-client.js';
export type * from './probe/report.js';
export { probe } from './probe.js';
