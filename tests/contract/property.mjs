/*  property.mjs [--runs N] [--seed N] [--memory MIB] OPD - random requests from the OpenAPI document

    Starts an opd of its own, takes the document that it serves, and sends N requests (20,000), good and
    bad ones, many at a time (generate.mjs). Each must be answered in time, by an answer that the document
    knows; what fits the document is not called invalid, what does not is refused, and nothing is a 500.
    Then accounts live at random against a model (states.mjs). With --memory the server may not grow by more
    than that after its warm-up. A failure says its seed; --seed repeats it. */

import assert from 'node:assert/strict';
import path from 'node:path';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { Generator } from './generate.mjs';
import { Judge } from './openapi.mjs';
import { Server } from './server.mjs';
import { checkStates } from './states.mjs';

const AT_A_TIME = 40;
const DEADLINE_MS = 60_000;
const NEVER_IF_GOOD = [401, 405, 413, 414, 415, 422];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String((Date.now() ^ (process.pid << 8)) >>> 1) },
    memory: { type: 'string' },
  },
});
const runs = Number(values.runs);
const seed = Number(values.seed) | 0;
const counts = { good: 0, bad: 0, open: 0 };

const PHONE = '+14155699999';

/*  Numbers that random requests have leased are free again. */
async function tidy(server) {
  const session = await server.signUp(PHONE);
  const { numbers } = await server.get('GET', '/console/numbers/mine', undefined, session);
  for (const { id, shared } of numbers)
    if (!shared) await server.get('POST', `/console/numbers/${id}/release`, undefined, session);
}

/*  Things that requests may name. */
async function furnish(server) {
  const session = await server.signUp(PHONE);
  const { numbers } = await server.get('GET', '/console/numbers/available', undefined, session);
  const shared = numbers.find((one) => one.shared).id;
  const mint = { number_id: shared, name: 'property' };
  const { key } = await server.get('POST', '/console/api-keys', mint, session);
  const messages = [];
  for (const body of ['one', 'two', 'three'])
    messages.push((await server.get('POST', '/v1/messages', { to: '+14155699998', body }, key)).id);
  const { verification_id } = await server.get('POST', '/auth/start', { phone: '+14155699997' });
  const url = 'http://127.0.0.1:9/'; /* nobody listens there */
  const hook = { number_id: shared, url, events: ['message.received'] };
  const webhook = (await server.get('POST', '/console/webhooks', hook, session)).id;
  const all = numbers.map((one) => one.id);
  return {
    session,
    key,
    url,
    numbers: all,
    ids: {
      '/auth/verifications/{id}': [verification_id],
      '/console/numbers/{id}/lease': all,
      '/console/numbers/{id}/release': all,
      '/console/webhooks/{id}': [webhook],
      '/console/webhooks/{id}/rotate-secret': [webhook],
      '/v1/messages/{id}': messages,
    },
  };
}

function problems(judge, request, answer) {
  const wrong = judge.judge(answer);
  const { status } = answer;
  if (status >= 500 && ![502, 503].includes(status)) wrong.push(`a ${status}`);
  if (request.expect === 'good' && NEVER_IF_GOOD.includes(status))
    wrong.push(`${status} for what the document allows`);
  if (request.expect === 'bad' && (status < 400 || status > 499))
    wrong.push(`${status} for what the document forbids`);
  if (request.status && status !== request.status)
    wrong.push(`${status} instead of ${request.status}`);
  return wrong;
}

async function one(server, judge, request) {
  let answer;
  try {
    answer = await server.call(request.method, request.target, request, DEADLINE_MS);
  } catch (error) {
    throw new Error(`${request.kind}: ${error.message}\n${JSON.stringify(request)}`);
  }
  counts[request.expect]++;
  const wrong = problems(judge, request, answer);
  if (wrong.length)
    throw new Error(
      `${request.kind}: ${wrong.join('; ')}\n  asked: ${JSON.stringify(request)}\n` +
        `  answered: ${answer.status} ${answer.body.slice(0, 500)}`,
    );
}

async function storm(server, judge, generator, requests, from) {
  const some = fc.array(generator.any(), { minLength: AT_A_TIME, maxLength: AT_A_TIME });
  await fc.assert(
    fc.asyncProperty(some, async (batch) => {
      await Promise.all(batch.map((request) => one(server, judge, request)));
    }),
    { numRuns: Math.ceil(requests / AT_A_TIME), seed: from, endOnFailure: true },
  );
}

async function main(opd) {
  console.log(`--seed ${seed} --runs ${runs}`);
  const server = await Server.start(path.resolve(opd), '--simulate=6', '--set=texts/prefixes=', '--set=limits/keys=1000');
  const judge = new Judge(await server.get('GET', '/openapi.json'));
  const generator = new Generator(judge, await furnish(server));
  const began = Date.now();
  await storm(server, judge, generator, Math.ceil(runs / 4), seed + 1);
  const warm = server.memory();
  await storm(server, judge, generator, runs, seed);
  await tidy(server);
  await checkStates(server, Math.ceil(runs / 250), seed);
  const grown = server.memory() - warm;
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  console.log(
    `${counts.good} good, ${counts.bad} bad, ${counts.open} open requests in ${seconds} s; ` +
      `memory ${warm.toFixed(0)} MiB and ${grown.toFixed(1)} more`,
  );
  if (values.memory) assert.ok(grown <= Number(values.memory), 'the server grows');
  assert.ok(counts.good + counts.bad + counts.open >= runs);
  assert.equal(await server.stop(), 0, server.log);
}

main(positionals[0]).then(
  () => process.exit(0),
  (error) => {
    console.error(`--seed ${seed} --runs ${runs} repeats this:\n${error.stack ?? error}`);
    process.exit(1);
  },
);
