import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { knownFunctions } from '../../lib/sim/scenario/functions.js';
import { packageRoot } from '../support/cli.js';

describe('the list of driver functions in dist/', () => {
  it('is what the symbol lists of native/ say now', () => {
    const folder = mkdtempSync(join(tmpdir(), 'gpuprobe-test-functions-'));
    const file = join(folder, 'functions.json');
    execFileSync(process.execPath, [join(packageRoot, 'native/driver-functions.mjs'), file]);
    const now = JSON.parse(readFileSync(file, 'utf8')) as object[];
    rmSync(folder, { recursive: true });
    expect([...knownFunctions().values()], 'run `npm run build:functions`').toEqual(now);
  });

  it('has every row of them', () => {
    const rows = ['driver/nvml_symbols.def', 'driver/cuda_symbols.def', 'sim/nvml/extra_symbols.def'].map(
      (list) => readFileSync(join(packageRoot, 'native', list), 'utf8').match(/^\w+_SYMBOL\(/gm)?.length ?? 0,
    );
    expect(knownFunctions().size).toBe(rows.reduce((sum, count) => sum + count));
  });
});
