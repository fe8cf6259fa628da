import { atMost, type Command } from '../command.js';
import type { CommandContext, CommandResult } from '../context.js';
import { EXIT } from '../exit-codes.js';

interface Asked {
  id: string | null;
}

const USAGE = 'explain [ID]';

/** `gpuprobe explain [ID]`: prints a rule's own description, or an Xid's meaning; without an id, all ids. */
export const explain: Command<Asked> = {
  name: 'explain',
  usage: USAGE,
  summary: 'What a finding means, how it is detected, what else looks like it.',
  examples: [
    ['gpuprobe explain device-access-revoked', 'what a finding means, and what else looks like it'],
    ['gpuprobe explain xid-79', 'what an Xid of the kernel log means, and whose fault it is'],
    ['gpuprobe explain', 'all findings'],
  ],
  options: [],
  parse(words) {
    atMost(1, words, USAGE);
    return { id: words.positionals[0] ?? null };
  },
  run,
};

type Context = Pick<CommandContext, 'paint' | 'width'>;

async function run({ id }: Asked, { paint, width }: Context): Promise<CommandResult> {
  const { allFindings, explanationOf } = await import('../human/explanation.js');
  const lines = id === null ? allFindings(width, paint) : explanationOf(id, width, paint);
  return { exitCode: EXIT.ok, stdout: `${lines.join('\n')}\n`, stderr: '' };
}
