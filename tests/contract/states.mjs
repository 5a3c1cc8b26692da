/*  states.mjs - what an account may do, as a model: what was revoked, deleted or ended stays dead

    Each run is a human of its own who logs in and out, mints and revokes keys, leases and releases a
    number, makes and deletes webhooks, in any order; the model knows which of them live. */

import assert from 'node:assert/strict';
import fc from 'fast-check';

const HOOK = { url: 'http://127.0.0.1:9/', events: ['message.received'] };

let phones = 4155700000;

function step(name, n, check, run) {
  return {
    check: (model) => check(model, n),
    run: (model, real) => run(model, real, n),
    toString: () => (n === undefined ? name : `${name}(${n})`),
  };
}

const any = () => true;
const pick = (list, n) => list[n % list.length];
const live = (list) => list.filter((one) => one.alive);
const session = (model) => live(model.sessions)[0];
const loggedIn = (model) => session(model) !== undefined;

function bearer(token, body) {
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  return { headers, body: body === undefined ? undefined : JSON.stringify(body) };
}

async function status(real, wanted, method, target, token, body) {
  const answer = await real.server.call(method, target, bearer(token, body));
  assert.equal(answer.status, wanted, `${method} ${target}: ${answer.body}`);
  return answer.body ? JSON.parse(answer.body) : undefined;
}

const COMMANDS = {
  login: [
    any,
    async (model, real) => {
      model.sessions.push({ token: await real.server.signUp(model.phone), alive: true });
    },
  ],
  logout: [
    loggedIn,
    async (model, real) => {
      const one = session(model);
      await status(real, 204, 'POST', '/auth/logout', one.token);
      one.alive = false;
    },
  ],
  useSession: [
    (model) => model.sessions.length > 0,
    async (model, real, n) => {
      const one = pick(model.sessions, n);
      await status(real, one.alive ? 200 : 401, 'GET', '/console/numbers/mine', one.token);
    },
  ],
  lease: [
    loggedIn,
    async (model, real, n) => {
      const answer = await real.server.call(
        'POST',
        `/console/numbers/${pick(real.free, n)}/lease`,
        bearer(session(model).token),
      );
      assert.ok([200, 409].includes(answer.status), answer.body);
      if (answer.status === 200 && !model.leases.includes(pick(real.free, n)))
        model.leases.push(pick(real.free, n));
    },
  ],
  release: [
    (model) => loggedIn(model) && model.leases.length > 0,
    async (model, real, n) => {
      const number = pick(model.leases, n);
      await status(real, 200, 'POST', `/console/numbers/${number}/release`, session(model).token);
      model.leases = model.leases.filter((one) => one !== number);
      for (const key of model.keys) if (key.number === number) key.alive = false;
      /* The webhook actor hears of it a moment later: nothing is asserted of it until then. */
      for (const hook of model.hooks) if (hook.number === number) hook.unsure = true;
      await status(real, 404, 'POST', `/console/numbers/${number}/release`, session(model).token);
    },
  ],
  mint: [
    loggedIn,
    async (model, real, n) => {
      const number = pick([real.shared, ...model.leases], n);
      const body = { number_id: number, name: `key ${n}` };
      const made = await status(real, 201, 'POST', '/console/api-keys', session(model).token, body);
      model.keys.push({ id: made.id, token: made.key, number, alive: true });
    },
  ],
  revoke: [
    (model) => loggedIn(model) && model.keys.length > 0,
    async (model, real, n) => {
      const key = pick(model.keys, n);
      const answer = await real.server.call(
        'DELETE',
        `/console/api-keys/${key.id}`,
        bearer(session(model).token),
      );
      /* A key that went with its lease may still be listed for a moment, and be deleted once. */
      assert.ok(answer.status === 204 || (answer.status === 404 && !key.alive), answer.body);
      key.alive = false;
    },
  ],
  useKey: [
    (model) => model.keys.length > 0,
    async (model, real, n) => {
      const key = pick(model.keys, n);
      const body = { to: model.phone, body: 'alive' };
      await status(real, key.alive ? 200 : 401, 'GET', '/v1/number', key.token);
      await status(real, key.alive ? 201 : 401, 'POST', '/v1/messages', key.token, body);
    },
  ],
  hook: [
    loggedIn,
    async (model, real, n) => {
      const number = pick([real.shared, ...model.leases], n);
      const body = { ...HOOK, number_id: number };
      const answer = await real.server.call(
        'POST',
        '/console/webhooks',
        bearer(session(model).token, body),
      );
      const taken = model.hooks.filter((one) => one.number === number && one.alive);
      const wanted = taken.length ? (taken[0].unsure ? [201, 409] : [409]) : [201];
      assert.ok(wanted.includes(answer.status), answer.body);
      if (answer.status === 201) {
        for (const one of taken) one.alive = false;
        model.hooks.push({ id: JSON.parse(answer.body).id, number, alive: true });
      }
    },
  ],
  unhook: [
    (model) => loggedIn(model) && model.hooks.length > 0,
    async (model, real, n) => {
      const hook = pick(model.hooks, n);
      const target = `/console/webhooks/${hook.id}`;
      const answer = await real.server.call('DELETE', target, bearer(session(model).token));
      const wanted = hook.alive ? (hook.unsure ? [204, 404] : [204]) : [404];
      assert.ok(wanted.includes(answer.status), answer.body);
      hook.alive = false;
      await status(real, 404, 'DELETE', target, session(model).token);
    },
  ],
  list: [
    loggedIn,
    async (model, real) => {
      const { token } = session(model);
      const { webhooks } = await status(real, 200, 'GET', '/console/webhooks', token);
      for (const hook of model.hooks.filter((one) => !one.unsure))
        assert.equal(webhooks.some((one) => one.id === hook.id), hook.alive);
      const { api_keys } = await status(real, 200, 'GET', '/console/api-keys', token);
      for (const key of live(model.keys)) assert.ok(api_keys.some((one) => one.id === key.id));
    },
  ],
};

export async function checkStates(server, runs, seed) {
  const admin = await server.signUp(`+1${phones++}`);
  const { numbers } = await server.get('GET', '/console/numbers/available', undefined, admin);
  const real = {
    server,
    shared: numbers.find((one) => one.shared).id,
    free: numbers.filter((one) => !one.shared).map((one) => one.id),
  };
  assert.ok(real.free.length > 0, 'no number can be leased');
  const steps = Object.entries(COMMANDS).map(([name, [check, run]]) =>
    fc.nat(9).map((n) => step(name, n, check, run)),
  );
  await fc.assert(
    fc.asyncProperty(fc.commands(steps, { maxCommands: 40, size: 'max' }), async (commands) => {
      const model = { phone: `+1${phones++}`, sessions: [], leases: [], keys: [], hooks: [] };
      await COMMANDS.login[1](model, real);
      try {
        await fc.asyncModelRun(() => ({ model, real }), commands);
      } finally {
        /* The next human finds the numbers free. */
        const token = await server.signUp(model.phone);
        for (const number of model.leases)
          await server.get('POST', `/console/numbers/${number}/release`, undefined, token);
      }
    }),
    { numRuns: runs, seed },
  );
}
