/*  generate.mjs - requests made from an OpenAPI document: good ones from its schemas, bad ones by changing
    good ones. What a request deserves is decided by the schemas, not by how it was made:

    expect: 'good'   it fits: it must not be answered with 422
            'bad'    it does not fit: it must be refused
            'open'   anything that the document knows (an id that may not be there, odd Unicode) */

import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';

const NOBODY = '0193b3a0-0000-7000-8000-000000000000';
const SPOILED = [null, true, 0, -1, 1e308, 4.5, '', 'x', [], {}, [[]], [null], { a: 1 }];
const ODD = ['\u0000', '\ud800', '\udfff\ud800', '\u200b', '\ufeff', '\u202e', 'e\u0301', '\u{1f30a}', '\u{10ffff}'];
const JUNK = ['', '{', '[', '"', 'nul', '{"a":}', '\ufeff{}', '{"a":1,}', "{'a':1}", '[1', '{}{}', '<a/>', 'a=b', '\u0000'];
const BAD_IDS = ['x', '0', '-', NOBODY.slice(1), `${NOBODY}0`, 'msg_', '..', '%00', '%ff', '%2e%2e', '*', 'a'.repeat(300), '\u00e9'];
const LEAVE_ALONE = new Set(['post /auth/logout']); /* its session would be gone: see states.mjs */

/*  Does a JSON value hold what no text may hold (control characters, halves of pairs)? Servers may refuse
    that, and schemas cannot say it. */
function isOdd(value) {
  if (typeof value === 'string') return /[\p{Cs}\u0000-\u001f\u007f]/u.test(value);
  if (Array.isArray(value)) return value.some(isOdd);
  return value !== null && typeof value === 'object' && Object.entries(value).some((pair) => pair.some(isOdd));
}

export class Generator {
  /*  pool: {sessions, keys, url, ids: {template: [..]}} of things that are there. */
  constructor(judge, pool) {
    this.judge = judge;
    this.pool = pool;
    this.operations = [...judge.operations()].filter(
      ({ method, template }) => !LEAVE_ALONE.has(`${method} ${template}`),
    );
  }

  /*  ---- Good values ---- */

  value(pointer, name) {
    const [schema, at] = this.judge.resolve(pointer);
    if (schema.anyOf ?? schema.oneOf) {
      const kind = schema.anyOf ? 'anyOf' : 'oneOf';
      return fc.oneof(...schema[kind].map((_, i) => this.value(`${at}/${kind}/${i}`, name)));
    }
    if (name === 'url') return fc.constant(this.pool.url);
    if (name === 'number_id') return fc.constantFrom(...this.pool.numbers, NOBODY);
    if (schema.enum) return fc.constantFrom(...schema.enum);
    const types = [schema.type ?? 'object'].flat();
    return fc.oneof(...types.map((type) => this.typed(schema, type, at)));
  }

  typed(schema, type, at) {
    switch (type) {
      case 'null':
        return fc.constant(null);
      case 'boolean':
        return fc.boolean();
      case 'integer':
      case 'number':
        return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 1_000_000 });
      case 'string':
        return this.string(schema);
      case 'array':
        return fc[schema.uniqueItems ? 'uniqueArray' : 'array'](this.value(`${at}/items`), {
          minLength: schema.minItems ?? 0,
          maxLength: Math.min(schema.maxItems ?? 5, 5),
        });
      default:
        return this.object(schema, at);
    }
  }

  string(schema) {
    if (schema.pattern) return fc.stringMatching(new RegExp(schema.pattern, 'u'));
    const min = schema.minLength ?? 0;
    const max = Math.min(schema.maxLength ?? 50, 2000);
    const units = fc.oneof(
      { weight: 8, arbitrary: fc.fullUnicode().filter((unit) => !isOdd(unit)) },
      { weight: 8, arbitrary: fc.char() },
      { weight: 1, arbitrary: fc.constantFrom(...ODD) },
    );
    const short = fc.array(units, { minLength: min, maxLength: Math.min(max, min + 40) });
    const long = fc.constantFrom(min, max - 1, max).map((size) => ['x'.repeat(Math.max(size, min))]);
    return fc.oneof({ weight: 9, arbitrary: short }, { weight: 1, arbitrary: long }).map((all) => all.join(''));
  }

  object(schema, at) {
    const names = Object.keys(schema.properties ?? {});
    const members = Object.fromEntries(
      names.map((name) => [name, this.value(`${at}/properties/${escape(name)}`, name)]),
    );
    return fc.record(members, { requiredKeys: (schema.required ?? []).filter((name) => name in members) });
  }

  /*  ---- Bad bodies ---- */

  /*  Texts in place of a good body's. */
  spoiled(good) {
    const some = fc.constantFrom(...SPOILED);
    return fc.oneof(
      fc.tuple(good, fc.nat(20), some).map(([body, n, value]) => changed(body, n, () => value)),
      fc.tuple(good, fc.nat(20)).map(([body, n]) => changed(body, n, () => undefined)),
      fc.tuple(good, fc.nat(20), fc.constantFrom('x'.repeat(300), 'x'.repeat(7000), ...ODD)).map(
        ([body, n, more]) => changed(body, n, (old) => (typeof old === 'string' ? old + more : more)),
      ),
      fc.tuple(good, fc.string(), some).map(([body, name, value]) => JSON.stringify({ ...body, [name]: value })),
      some.map((value) => JSON.stringify(value)),
      fc.tuple(good, fc.nat(200)).map(([body, n]) => JSON.stringify(body).slice(0, n)),
      fc.constantFrom(...JUNK),
      fc.nat(3000).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
      fc.json(),
    );
  }

  /*  ---- Requests ---- */

  target(template, pointer, tame) {
    const path = this.path(template, tame);
    const [operation] = this.judge.resolve(pointer);
    const names = (operation.parameters ?? []).map((_, i) => {
      const [parameter, at] = this.judge.resolve(`${pointer}/parameters/${i}`);
      return { ...parameter, at };
    });
    const asked = names.filter((one) => one.in === 'query' && one.name !== 'cursor');
    if (!asked.length) return path;
    const good = fc.record(
      Object.fromEntries(asked.map((one) => [one.name, this.value(`${one.at}/schema`, one.name)])),
      { requiredKeys: asked.filter((one) => one.required).map((one) => one.name) },
    );
    return fc.tuple(path, good).map(([at, query]) => ({
      ...at,
      target: at.target + (Object.keys(query).length ? `?${new URLSearchParams(query)}` : ''),
    }));
  }

  /*  A good id is one of the pool's; a good but unknown one, and a bad one, may have any refusal. */
  path(template, tame) {
    const holes = template.match(/\{\w+\}/g) ?? [];
    const known = this.pool.ids[template] ?? [];
    const ids = fc.oneof(
      ...(known.length && tame ? [{ weight: 6, arbitrary: fc.constantFrom(...known) }] : []),
      { weight: 2, arbitrary: fc.constant(NOBODY) },
      { weight: 2, arbitrary: fc.uuid() },
      { weight: tame ? 0 : 4, arbitrary: fc.constantFrom(...BAD_IDS.map(encoded)) },
    );
    return fc.array(ids, { minLength: holes.length, maxLength: holes.length }).map((chosen) => {
      let n = 0;
      return { target: template.replace(/\{\w+\}/g, () => chosen[n++]), open: holes.length > 0 };
    });
  }

  credential(operation) {
    const scheme = JSON.stringify(operation.security ?? []);
    if (scheme === '[]' || scheme === '[{}]') return { headers: {}, needed: false };
    const token = /key/i.test(scheme) ? this.pool.key : this.pool.session;
    return { headers: { Authorization: `Bearer ${token}` }, needed: true };
  }

  request({ method, template, operation, pointer }) {
    const { headers, needed } = this.credential(operation);
    const kinds = [{ weight: 5, arbitrary: this.good(method, template, operation, pointer, headers) }];
    const body = operation.requestBody && `${pointer}/requestBody/content/application~1json/schema`;
    if (body) kinds.push({ weight: 6, arbitrary: this.badBody(method, template, pointer, body, headers, operation) });
    if (needed) kinds.push({ weight: 2, arbitrary: this.badCredential(template) });
    kinds.push({ weight: 1, arbitrary: this.badQuery(method, template, operation, pointer, headers) });
    kinds.push({ weight: 1, arbitrary: this.unsound(template) });
    if (operation.responses[304])
      kinds.push({
        weight: 1,
        arbitrary: fc.constant({ target: template, headers: { 'If-None-Match': '*' }, expect: 'open', status: 304 }),
      });
    if (template.includes('{'))
      kinds.push({
        weight: 2,
        arbitrary: this.path(template, false).map(({ target }) => ({ method, target, headers, expect: 'open' })),
      });
    return fc.oneof(...kinds).map((one) => ({ ...one, method: method.toUpperCase(), kind: `${method} ${template}` }));
  }

  good(method, template, operation, pointer, headers) {
    const target = this.target(template, pointer, method !== 'delete');
    if (!operation.requestBody)
      return target.map((at) => ({ target: at.target, headers, expect: at.open ? 'open' : 'good' }));
    const schema = `${pointer}/requestBody/content/application~1json/schema`;
    return fc.tuple(target, this.value(schema)).map(([at, body]) => this.withBody(at, schema, body, headers));
  }

  withBody(at, schema, body, headers) {
    const fits = this.judge.validator(schema)(body);
    return {
      target: at.target,
      headers: { ...headers, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      expect: !fits ? 'bad' : isOdd(body) || at.open ? 'open' : 'good',
    };
  }

  badBody(method, template, pointer, schema, headers, operation) {
    const required = operation.requestBody.required === true;
    return fc
      .tuple(this.target(template, pointer, method !== 'delete'), this.spoiled(this.value(schema)))
      .map(([at, text]) => ({
        target: at.target,
        headers: { ...headers, 'Content-Type': 'application/json' },
        body: text,
        expect: this.deserves(schema, text, required),
      }));
  }

  /*  What a body's bytes deserve: what does not fit must be refused, the rest was made by accident. */
  deserves(schema, bytes, required) {
    if (!bytes.length && !required) return 'open';
    if (typeof bytes !== 'string' && !isUtf8(bytes)) return 'bad';
    try {
      return this.judge.validator(schema)(JSON.parse(bytes.toString())) ? 'open' : 'bad';
    } catch {
      return 'bad';
    }
  }

  badCredential(template) {
    const { session, key } = this.pool;
    const tokens = ['', 'x', session.slice(0, -1), `${key}A`, `op_live_${'A'.repeat(32)}`, `ses_live_${'A'.repeat(32)}`];
    const headers = fc.oneof(
      fc.constant({}),
      fc.constantFrom(...tokens).map((token) => ({ Authorization: `Bearer ${token}` })),
      fc.constantFrom('Basic eDp5', 'Bearer', 'bearer ', key).map((value) => ({ Authorization: value })),
      fc.constantFrom('op_session=', 'op_session=x', 'x=y; op_session', ';;;').map((value) => ({ Cookie: value })),
    );
    return fc.tuple(this.path(template, true), headers).map(([at, chosen]) => ({
      target: at.target,
      headers: chosen,
      expect: 'bad',
      status: 401,
    }));
  }

  /*  What the server refuses before it knows whose it is. */
  unsound(template) {
    const many = Object.fromEntries(Array.from({ length: 70 }, (_, n) => [`X-${n}`, 'x']));
    const kinds = fc.constantFrom(
      { status: 411, headers: { 'Transfer-Encoding': 'chunked' }, body: 'x' },
      { status: 414, headers: {}, query: `?${'a'.repeat(9000)}` },
      { status: 417, headers: { Expect: 'nonsense' } },
      { status: 431, headers: many },
    );
    return fc
      .tuple(this.path(template, true), kinds)
      .map(([at, { query = '', ...kind }]) => ({ target: at.target + query, expect: 'bad', ...kind }));
  }

  /*  Of one parameter that is known it can be said what its value deserves. */
  badQuery(method, template, operation, pointer, headers) {
    const known = new Map(
      (operation.parameters ?? []).flatMap((one, i) =>
        one.in === 'query' ? [[one.name, this.judge.resolve(`${pointer}/parameters/${i}`)[1]]] : [],
      ),
    );
    const fits = (name, value) => {
      if (value === '' && this.judge.at(known.get(name)).allowEmptyValue) return true;
      const type = [this.judge.at(`${known.get(name)}/schema`).type].flat();
      const number = type.includes('integer') && /^(0|[1-9]\d*)$/.test(value);
      return this.judge.validator(`${known.get(name)}/schema`)(number ? Number(value) : value);
    };
    const names = [...known.keys()];
    const values = fc.oneof(fc.constantFrom('', '0', '-1', '101', '010', 'x', '%', '%zz', '%00', '%ff', '99999999999999999999', NOBODY), fc.string());
    const pair = fc
      .tuple(fc.constantFrom(...names, 'nonsense', ''), values)
      .map(([name, value]) => ({
        text: `${name}=${value.startsWith('%') ? value.replace(/[^!-~]/g, '') : encodeURIComponent(value.replace(/\p{Cs}/gu, '?'))}`,
        bad: known.has(name) && !value.startsWith('%') && !fits(name, value),
      }));
    return fc
      .tuple(this.path(template, true), fc.array(pair, { minLength: 1, maxLength: 4 }))
      .map(([at, pairs]) => ({
        target: `${at.target}?${pairs.map(({ text }) => text).join('&')}`,
        headers,
        expect: pairs.some(({ bad }) => bad) ? 'bad' : 'open',
      }));
  }

  elsewhere() {
    const paths = fc.oneof(
      fc.constantFrom('/v1', '/v1/', '/v2/messages', '/console', '/auth', '/healthz/', '/%2e%2e/etc/passwd', '/v1/messages/a/b'),
      fc.webPath().filter((path) => path.startsWith('/')),
    );
    const methods = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE');
    // The bare address leads to /docs, which is no part of the API.
    const ours = (path) => path === '/' || path.startsWith('/sim') || this.judge.find(path);
    const unknown = fc.tuple(methods, paths).filter(([, path]) => !ours(decoded(path.split('?')[0])));
    const wrong = fc
      .tuple(methods, fc.constantFrom(...this.operations))
      .filter(([method, { template }]) => !this.judge.find(template).item[method.toLowerCase()])
      .map(([method, { template }]) => [method, template.replace(/\{\w+\}/g, NOBODY)]);
    return fc.oneof(unknown, wrong).map(([method, target]) => ({ method, target, headers: {}, expect: 'bad', kind: 'elsewhere' }));
  }

  /*  Any request at all. */
  any() {
    return fc.oneof(
      { weight: 1, arbitrary: this.elsewhere() },
      { weight: 12, arbitrary: fc.oneof(...this.operations.map((one) => this.request(one))) },
    );
  }
}

/*  The text of a body with its n-th member changed; without that member where it becomes undefined. */
function changed(body, n, change) {
  if (body === null || typeof body !== 'object') return JSON.stringify(change(body) ?? null);
  const names = Object.keys(body);
  if (!names.length) return JSON.stringify(change({}) ?? []);
  const name = names[n % names.length];
  return JSON.stringify({ ...body, [name]: change(body[name]) });
}

function encoded(id) {
  return id.startsWith('%') ? id : encodeURIComponent(id);
}

function escape(part) {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}

function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
