// lint_openapi.mjs - the OpenAPI document on standard input, under redocly's recommended rules: each
// complaint is a line, and any makes it fail.

import { createConfig, lintFromString } from '@redocly/openapi-core';
import { readFileSync } from 'node:fs';

const config = await createConfig({ extends: ['recommended'] });
const problems = await lintFromString({
  source: readFileSync(0, 'utf8'),
  absoluteRef: '/openapi.json',
  config,
});
for (const { severity, ruleId, message, location } of problems)
  console.log(`${severity} ${ruleId}: ${message} (${location[0]?.pointer})`);
process.exitCode = problems.length ? 1 : 0;
