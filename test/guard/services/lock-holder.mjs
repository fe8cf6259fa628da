// @ts-check
// A process that takes the lock of a file, and keeps it.
import { openSync } from 'node:fs';
import { tryLockByte } from '../../../build/lib/native/file-lock.js';
import { given, say } from '../../support/service-kit.mjs';

/** @type {{ path: string, at: number }} */
const { path, at } = given();
say(tryLockByte(openSync(path, 'r+'), at));
setInterval(() => {}, 1000);
