/** What `gpuprobe demo` is asked for. */
export type DemoInvocation = { command: 'demo' } & (
  | { action: 'help' }
  | { action: 'tell'; speed: number; color: boolean }
);
