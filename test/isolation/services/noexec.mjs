// @ts-check
// A service that says the code and the message of its probe's error.
import { probe, say } from '../../support/service-kit.mjs';

await probe({ simulate: 'healthy' }).catch(({ code, message }) => say(`${code} ${message}`));
