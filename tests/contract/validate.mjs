/*  validate.mjs JOURNAL - holds every exchange of a journal against the OpenAPI document in it

    The journal is what the harness writes with OP_JOURNAL; the document is the latest good answer to
    GET /openapi.json among its lines, so that all is offline. Ends with 1 when an exchange does not
    fit, when there is no document, or when the journal has less than a test run would say. */

import fs from 'node:fs';
import path from 'node:path';
import { Judge } from './openapi.mjs';

const LEAST = 100; /* exchanges: fewer, and the tests have not run */
const SHOWN = 20;

export function read(folder) {
  const files = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  return files
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) =>
      fs
        .readFileSync(path.join(folder, name), 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => ({ ...JSON.parse(line), from: name })),
    );
}

export function documentOf(exchanges) {
  const served = exchanges.filter((one) => one.path === '/openapi.json' && one.method === 'GET');
  const good = served.filter((one) => one.status === 200).at(-1);
  return good ? JSON.parse(good.body) : undefined;
}

/*  Every complaint once, with how often it was made and an example. */
export function complaints(judge, exchanges) {
  const found = new Map();
  for (const exchange of exchanges)
    for (const wrong of judge.judge(exchange)) {
      const template = judge.find(exchange.path)?.template ?? exchange.path;
      const key = `${exchange.method} ${template} ${exchange.status}: ${wrong}`;
      const entry = found.get(key) ?? { count: 0, example: exchange };
      entry.count++;
      found.set(key, entry);
    }
  return found;
}

function main(folder) {
  const exchanges = read(folder);
  if (exchanges.length < LEAST) {
    console.error(`${folder}: ${exchanges.length} exchanges; the tests have not run`);
    return 1;
  }
  const document = documentOf(exchanges);
  if (!document) {
    console.error(`${folder}: nobody has been answered /openapi.json`);
    return 1;
  }
  const judge = new Judge(document);
  const found = complaints(judge, exchanges);
  for (const [key, { count, example }] of [...found].slice(0, SHOWN)) {
    console.error(`${key}\n  ${count} times, first in ${example.from}`);
    console.error(`  ${String(example.body).slice(0, 300)}`);
  }
  const calls = [...judge.operations()];
  const seen = new Set(
    exchanges.map((one) => `${one.method.toLowerCase()} ${judge.find(one.path)?.template}`),
  );
  const silent = calls.filter(({ method, template }) => !seen.has(`${method} ${template}`));
  for (const { method, template } of silent)
    console.error(`${method.toUpperCase()} ${template}: no test has called it`);
  console.log(
    `${exchanges.length} exchanges over ${calls.length} operations: ` +
      `${found.size} kinds of complaint, ${silent.length} operations not called`,
  );
  return found.size || silent.length ? 1 : 0;
}

/* As a program, not as a module of its test. */
if (path.basename(process.argv[1]) === 'validate.mjs') process.exit(main(process.argv[2]));
