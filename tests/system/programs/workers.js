// SPDX-License-Identifier: Apache-2.0
//
// Four worker threads compute, the thread pool reads and hashes, a child process echoes, and an HTTP
// server in this process answers this process. Says "ready" while all of that is alive, goes on when
// a line arrives, and prints the results as JSON.
'use strict';
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const { spawn } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');

function once(emitter, event) {
  return new Promise((resolve) => emitter.once(event, resolve));
}

if (!isMainThread) {
  parentPort.postMessage('up');
  parentPort.once('message', () => {
    let sum = 0;
    for (let i = 0; i < 1e6; ++i) {
      sum = (sum + i * workerData) % 1000003;
    }
    parentPort.postMessage(sum);
  });
} else {
  main();
}

async function get(port, path) {
  const response = await new Promise((resolve) => http.get({ port, path, host: '127.0.0.1' }, resolve));
  let text = '';
  for await (const part of response) {
    text += part;
  }
  return text;
}

async function main() {
  const workers = [1, 2, 3, 4].map((n) => new Worker(__filename, { workerData: n }));
  await Promise.all(workers.map((worker) => once(worker, 'message')));
  const child = spawn('/bin/cat');
  const server = http.createServer((request, response) => response.end(request.url.slice(1)));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const keys = Promise.all([1, 2, 3, 4].map((n) => new Promise((resolve) =>
    crypto.pbkdf2('word', 'salt' + n, 20000, 16, 'sha256', (_, key) => resolve(key.toString('hex'))))));
  console.log('ready');
  await once(process.stdin, 'data');
  const sums = workers.map((worker) => once(worker, 'message'));
  workers.forEach((worker) => worker.postMessage('go'));
  child.stdin.end('echoed');
  const echoed = String(await once(child.stdout, 'data'));
  const port = server.address().port;
  const answers = await Promise.all([...Array(50).keys()].map((n) => get(port, '/' + n)));
  fs.writeFileSync('node.txt', 'text'.repeat(1000));
  const read = await fs.promises.readFile('node.txt');
  console.log(JSON.stringify({ sums: await Promise.all(sums), keys: await keys, echoed,
    answers: answers.join(), read: read.length }));
  process.exit(0);
}
