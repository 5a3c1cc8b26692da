/*  server.mjs - an opd of one's own, with wide limits, and calls to it over kept connections */

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';

const WIDE = [
  'start_phone_30s',
  'start_phone_hour',
  'start_phone_day',
  'start_address_hour',
  'console_minute',
  'send_second',
  'send_minute',
  'read_minute',
  'address_minute',
  'day_free',
  'day_paid',
  'wrong_codes_day',
  'queue',
].map((name) => `--set=limits/${name}=1000000`);

const READY_MS = 120_000;

export class Server {
  /*  Starts it and waits until it serves. */
  static async start(opd, ...options) {
    const self = new Server();
    self.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'op-property-'));
    self.log = '';
    const listen = ['--data', path.join(self.folder, 'data'), '--listen', '127.0.0.1:0'];
    self.process = spawn(opd, [...listen, ...WIDE, ...options], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    self.process.stderr.on('data', (data) => (self.log = (self.log + data).slice(-8000)));
    process.on('exit', () => self.process.kill('SIGKILL'));
    self.ended = new Promise((resolve) =>
      self.process.on('exit', (code, signal) => resolve(code ?? signal)),
    );
    const address = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('it does not get ready')), READY_MS);
      let out = '';
      self.process.stdout.on('data', (data) => {
        out += data;
        const found = /ready on http:\/\/([\d.]+):(\d+)\n/.exec(out);
        if (found) resolve({ host: found[1], port: Number(found[2]) });
        if (found) clearTimeout(timer);
      });
      self.process.on('exit', () => reject(new Error(`it does not start:\n${self.log}`)));
    });
    self.address = address;
    self.agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
    return self;
  }

  /*  Resident memory, in MiB. */
  memory() {
    const status = fs.readFileSync(`/proc/${this.process.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) / 1024;
  }

  /*  One exchange, as the journal has it. Rejects when there is no answer within the deadline. */
  call(method, target, { headers = {}, body } = {}, deadlineMs = 60_000) {
    const [where, query = ''] = target.split(/\?(.*)/s);
    const once = () =>
      new Promise((resolve, reject) => {
        const request = http.request(
          { ...this.address, agent: this.agent, method, path: target, headers },
          (response) => {
            const pieces = [];
            response.on('data', (piece) => pieces.push(piece));
            response.on('error', reject);
            response.on('end', () => {
              const raw = response.rawHeaders;
              resolve({
                method,
                path: decoded(where),
                query,
                status: response.statusCode,
                headers: raw.flatMap((name, i) => (i % 2 ? [] : [[name, raw[i + 1]]])),
                body: Buffer.concat(pieces).toString('utf8'),
              });
            });
          },
        );
        request.setTimeout(deadlineMs, () => request.destroy(new Error('no answer in time')));
        request.on('error', (error) => reject(Object.assign(error, { again: request.reusedSocket })));
        request.end(body);
      });
    /* A kept connection may be closed just when it is used again: that is no fault of anybody. */
    return once().catch((error) => {
      if (error.again && ['ECONNRESET', 'EPIPE'].includes(error.code)) return once();
      throw error;
    });
  }

  /*  A call that must succeed: its JSON. */
  async get(method, target, body, token) {
    const headers = { 'Content-Type': 'application/json' };
    if (token) headers.Authorization = `Bearer ${token}`;
    const answer = await this.call(method, target, {
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (answer.status >= 400)
      throw new Error(`${method} ${target}: ${answer.status} ${answer.body}`);
    return answer.body ? JSON.parse(answer.body) : undefined;
  }

  /*  Signs a phone up: its session's token. */
  async signUp(phone) {
    const before = (await this.get('GET', `/sim/phones/${phone}/messages`)).data.length;
    const { verification_id } = await this.get('POST', '/auth/start', { phone });
    for (;;) {
      const { data } = await this.get('GET', `/sim/phones/${phone}/messages`);
      const code = data
        .slice(before)
        .map((text) => /\b\d{6}\b/.exec(text.body)?.[0])
        .find(Boolean);
      if (code) return (await this.get('POST', '/auth/verify', { verification_id, code })).session_token;
    }
  }

  /*  Ends it; how it ended: 0 is right. */
  async stop() {
    this.agent.destroy();
    this.process.kill('SIGTERM');
    const code = await this.ended;
    fs.rmSync(this.folder, { recursive: true, force: true });
    return code;
  }
}

function decoded(where) {
  try {
    return decodeURIComponent(where);
  } catch {
    return where;
  }
}
