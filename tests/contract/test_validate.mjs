/*  test_validate.mjs - the judge does judge: good exchanges pass, each kind of fault is found */

import assert from 'node:assert/strict';
import { Judge } from './openapi.mjs';
import { complaints, documentOf } from './validate.mjs';

const string = { type: 'string' };
const document = {
  openapi: '3.1.0',
  info: { title: 'T', version: '1' },
  paths: {
    '/things/{id}': {
      get: {
        responses: {
          200: {
            description: 'it',
            headers: { ETag: { required: true, schema: string } },
            content: {
              'application/json': { schema: { $ref: '#/components/schemas/Thing' } },
            },
          },
          404: { $ref: '#/components/responses/Missing' },
        },
      },
      delete: { responses: { 204: { description: 'gone' } } },
    },
    '/things/mine': { get: { responses: { '2XX': { description: 'x' } } } },
  },
  components: {
    responses: {
      Missing: {
        description: 'none',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
    schemas: {
      Thing: {
        type: 'object',
        properties: { id: { type: 'string', format: 'uuid' }, size: { type: ['integer', 'null'] } },
        required: ['id', 'size'],
        additionalProperties: false,
      },
      Error: {
        type: 'object',
        properties: { error: { type: 'object', required: ['code', 'message'] } },
        required: ['error'],
      },
    },
  },
};

const ID = '0193b3a0-0000-7000-8000-000000000000';
const THING = { id: ID, size: null };
const REFUSED = { error: { code: 'not_found', message: 'No.' } };
const ALWAYS = ['X-Request-Id', 'X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'];

function exchange(method, path, status, body, more = {}) {
  const headers = { 'Content-Type': 'application/json', ...more };
  for (const name of ALWAYS) headers[name] ??= '1';
  for (const name of Object.keys(headers)) if (headers[name] === '') delete headers[name];
  return {
    method,
    path,
    query: '',
    status,
    headers: Object.entries(headers),
    body: body === null ? '' : typeof body === 'string' ? body : JSON.stringify(body),
  };
}

const judge = new Judge(document);
const AT = Date.parse('2026-05-20T19:14:52Z') / 1000;
const limited = (more) =>
  exchange('GET', '/nowhere', 429, REFUSED, {
    Date: 'Wed, 20 May 2026 19:14:52 GMT',
    'Retry-After': '30',
    'X-RateLimit-Remaining': '0',
    'X-RateLimit-Reset': `${AT + 31}`,
    ...more,
  });
const etag = { ETag: '"1"' };

for (const good of [
  exchange('GET', `/things/${ID}`, 200, THING, etag),
  exchange('GET', `/things/${ID}`, 200, { ...THING, size: 3 }, etag),
  exchange('HEAD', `/things/${ID}`, 200, null, etag),
  exchange('GET', '/things/x', 404, REFUSED),
  exchange('DELETE', `/things/${ID}`, 204, null),
  exchange('GET', '/things/mine', 200, null),
  exchange('GET', '/nowhere', 404, REFUSED),
  exchange('PUT', `/things/${ID}`, 405, REFUSED),
  exchange('OPTIONS', `/things/${ID}`, 204, null),
  limited({}),
  limited({ 'Retry-After': '31' }),
])
  assert.deepEqual(judge.judge(good), [], JSON.stringify(good));

for (const [bad, word] of [
  [exchange('GET', `/things/${ID}`, 200, THING), 'ETag is missing'],
  [exchange('GET', `/things/${ID}`, 201, THING, etag), 'no answer 201'],
  [exchange('GET', `/things/${ID}`, 500, REFUSED), 'no answer 500'],
  [exchange('GET', `/things/${ID}`, 200, { id: ID }, etag), 'required'],
  [exchange('GET', `/things/${ID}`, 200, { ...THING, size: 'x' }, etag), 'must be'],
  [exchange('GET', `/things/${ID}`, 200, { ...THING, id: 'x' }, etag), 'format'],
  [exchange('GET', `/things/${ID}`, 200, { ...THING, more: 1 }, etag), 'additional'],
  [exchange('GET', `/things/${ID}`, 200, '{', etag), 'no JSON'],
  [exchange('GET', `/things/${ID}`, 200, THING, { ...etag, 'Content-Type': 'text/html' }), 'text/html'],
  [exchange('DELETE', `/things/${ID}`, 204, THING), 'should have none'],
  [exchange('GET', '/nowhere', 200, THING), 'no such path'],
  [exchange('PUT', `/things/${ID}`, 200, THING), 'no such method'],
  [exchange('GET', '/nowhere', 404, {}), 'required'],
  [limited({ 'X-RateLimit-Remaining': '1' }), '1 calls left'],
  [limited({ 'X-RateLimit-Reset': `${AT + 60}` }), 'ends 30 s after'],
  [limited({ 'X-RateLimit-Reset': `${AT}` }), 'ends -30 s after'],
  [limited({ 'Retry-After': '' }), 'ends NaN s after'],
  [exchange('GET', '/things/mine', 200, null, { 'X-Request-Id': '' }), 'x-request-id'],
]) {
  const wrong = judge.judge(bad);
  assert.equal(wrong.length, 1, JSON.stringify([bad, wrong]));
  assert.ok(wrong[0].includes(word), `${wrong[0]} does not speak of ${word}`);
}

assert.equal(complaints(judge, [exchange('GET', '/nowhere', 200, null)]).size, 1);
assert.equal(documentOf([exchange('GET', '/openapi.json', 404, REFUSED)]), undefined);
assert.deepEqual(documentOf([exchange('GET', '/openapi.json', 200, document)]), document);
console.log('the judge judges');
