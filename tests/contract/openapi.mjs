/*  openapi.mjs - an OpenAPI 3.1 document as a judge of exchanges

    An exchange is a line of the harness's journal: {method, path, query, status, headers: [[name,
    value]], body: text | null}. judge() answers what is wrong with it: a list of sentences. */

import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

const ALWAYS = ['x-request-id', 'x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset'];
const SLOW_S = 5; /* that an answer may need on its way out */
const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'options', 'head', 'trace'];
/*  What may be answered where the document knows no such path or method: it refuses, in one shape. */
const ELSEWHERE = new Set([400, 404, 405, 408, 411, 413, 414, 417, 422, 429, 431, 503, 505]);

export class Judge {
  constructor(document) {
    this.document = document;
    this.ajv = new Ajv2020({ strict: false, allErrors: false, validateFormats: true });
    addFormats(this.ajv);
    this.ajv.addSchema(document, 'document');
    this.validators = new Map();
    /* Literal segments win over parameters. */
    this.paths = Object.keys(document.paths)
      .map((template) => ({
        template,
        item: document.paths[template],
        wild: (template.match(/\{/g) ?? []).length,
        pattern: new RegExp(
          '^' + template.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '[^/]+') + '$',
        ),
      }))
      .sort((a, b) => a.wild - b.wild);
  }

  /*  What a JSON pointer of the document ("#/components/...") stands for. */
  at(pointer) {
    return pointer
      .slice(2)
      .split('/')
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
      .reduce((value, part) => value?.[part], this.document);
  }

  /*  Follows $ref: [the value, the pointer it lies at]. */
  resolve(pointer) {
    let value = this.at(pointer);
    while (value?.$ref) {
      pointer = value.$ref;
      value = this.at(pointer);
    }
    return [value, pointer];
  }

  validator(pointer) {
    if (!this.validators.has(pointer))
      this.validators.set(pointer, this.ajv.compile({ $ref: `document${pointer}` }));
    return this.validators.get(pointer);
  }

  find(path) {
    return this.paths.find(({ pattern }) => pattern.test(path));
  }

  /*  Every operation: {method, template, operation, pointer}. */
  *operations() {
    for (const { template, item } of this.paths)
      for (const method of METHODS)
        if (item[method])
          yield { method, template, operation: item[method], pointer: pointerTo(template, method) };
  }

  judge(exchange) {
    const headers = new Map(exchange.headers.map(([name, value]) => [name.toLowerCase(), value]));
    const wrong = ALWAYS.filter((name) => !headers.has(name)).map((name) => `there is no ${name}`);
    if (exchange.status === 429) limited(headers, wrong);
    const found = this.find(exchange.path);
    let method = exchange.method.toLowerCase();
    if (method === 'head' && !found?.item.head) method = 'get';
    if (method === 'options' && !found?.item.options) return wrong;
    if (found?.item[method])
      this.response(pointerTo(found.template, method), exchange, headers, wrong);
    else this.elsewhere(found, exchange, wrong);
    return wrong;
  }

  response(operation, exchange, headers, wrong) {
    const responses = this.at(`${operation}/responses`);
    const status = [`${exchange.status}`, `${exchange.status}`[0] + 'XX', 'default'].find(
      (name) => responses[name],
    );
    if (!status) {
      wrong.push(`the document has no answer ${exchange.status} to this call`);
      return;
    }
    const [response, pointer] = this.resolve(`${operation}/responses/${status}`);
    for (const name of Object.keys(response.headers ?? {})) {
      const [header, at] = this.resolve(`${pointer}/headers/${escape(name)}`);
      const value = headers.get(name.toLowerCase());
      if (value === undefined) {
        if (header.required) wrong.push(`the header ${name} is missing`);
      } else if (header.schema) this.check(`${at}/schema`, typed(header.schema, value), name, wrong);
    }
    if (exchange.method !== 'HEAD') this.content(response, pointer, exchange, headers, wrong);
  }

  content(response, pointer, exchange, headers, wrong) {
    const types = Object.keys(response.content ?? {});
    if (!types.length) {
      if (exchange.body) wrong.push('it has a body, and should have none');
      return;
    }
    const said = (headers.get('content-type') ?? '').split(';')[0].trim();
    if (!types.includes(said)) {
      wrong.push(`its Content-Type is ${said || 'missing'}, not ${types}`);
      return;
    }
    const at = `${pointer}/content/${escape(said)}/schema`;
    if (said !== 'application/json' || !this.at(at)) return;
    const body = parsed(exchange.body, wrong);
    if (body !== undefined) this.check(at, body, 'the body', wrong);
  }

  elsewhere(found, exchange, wrong) {
    if (!ELSEWHERE.has(exchange.status))
      wrong.push(`the document has no such ${found ? 'method' : 'path'}, but it answered ${exchange.status}`);
    else if (exchange.method !== 'HEAD' && this.at('#/components/schemas/Error')) {
      const body = parsed(exchange.body, wrong);
      if (body !== undefined) this.check('#/components/schemas/Error', body, 'the error', wrong);
    }
  }

  check(pointer, value, what, wrong) {
    const validate = this.validator(pointer);
    if (!validate(value)) {
      const [error] = validate.errors;
      wrong.push(`${what}${error.instancePath} ${error.message} (${error.schemaPath})`);
    }
  }
}

export function pointerTo(template, method) {
  return `#/paths/${escape(template)}/${method}`;
}

function escape(part) {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}

function parsed(text, wrong) {
  try {
    return JSON.parse(text);
  } catch {
    wrong.push('its body is no JSON');
    return undefined;
  }
}

/*  The window that a 429 shows is the one that refuses: it is empty, and ends when the wait does. */
function limited(headers, wrong) {
  const left = headers.get('x-ratelimit-remaining');
  if (left !== '0') wrong.push(`it is refused with ${left} calls left`);
  const reset = Number(headers.get('x-ratelimit-reset'));
  const wait = Number(headers.get('retry-after'));
  const late = reset - (Date.parse(headers.get('date')) / 1000 + wait);
  if (!(late <= 1 && late >= -SLOW_S)) wrong.push(`its window ends ${late} s after the wait`);
}

/*  A header's text as the type that its schema wants. */
function typed(schema, text) {
  return ['integer', 'number'].includes(schema.type) && /^-?\d+$/.test(text) ? Number(text) : text;
}
