'use strict';

/* A runtime that was started before its function is known: it waits, is told, and goes on as one that was
 * started for that function.
 *
 * On the descriptor that _LAMB_HANDOVER_FD names it writes one byte when it is ready. Then it reads the
 * variables of the function ("NAME=value", each ended by NUL) to the end of file: its whole environment.
 * Until then it must look at nothing that lies in the folders of the function or its layers, because Node.js
 * and the dynamic linker remember what they did not find. */

const fs = require('fs');
const net = require('net');
const path = require('path');
const v8 = require('v8');
const vm = require('vm');

const { Client } = require('./client.cjs');
const { load } = require('./loader.cjs');

const MESSAGE_BYTES = 1 << 17;
const EVENT = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n' +
    'Lambda-Runtime-Aws-Request-Id: rehearsal\r\n\r\n{}';

/* Node.js compiles a function when it is called first. So what every cold start does is done once ahead,
 * with handlers of our own and a Runtime API of our own: that is most of what a start would cost later. */
async function rehearse() {
    const folder = path.join(__dirname, 'rehearsal');
    for (const name of ['script.handler', 'module.handler'])
        await load(folder, name, 20);
    delete require.cache[path.join(folder, 'script.js')];

    const server = net.createServer((connection) => {
        connection.on('data', (data) => {
            for (let left = data.toString().match(/HTTP\/1\.1\r\n/g).length; left > 0; left--)
                connection.write(EVENT);
        });
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = new Client(`127.0.0.1:${server.address().port}`);
    await client.next();
    await client.post('invocation/rehearsal/response', 'Content-Type: application/json\r\n', '{}', true);
    await client.next();
    client.close();
    await new Promise((resolve) => server.close(resolve));
}

/* Empties the young generation: V8 would do it in the middle of the cold start. */
function tidy() {
    v8.setFlagsFromString('--expose-gc');
    const gc = vm.runInNewContext('gc');
    v8.setFlagsFromString('--no-expose-gc');
    gc({ type: 'minor' });
    gc({ type: 'minor' });
}

function receive(fd) {
    try {
        fs.writeSync(fd, '\0');
    } catch (error) {
        if (error.code !== 'EPIPE')
            throw error; // Else the variables were there before we were ready.
    }
    const buffer = Buffer.allocUnsafe(MESSAGE_BYTES);
    let have = 0;
    let size;
    do {
        size = fs.readSync(fd, buffer, have, MESSAGE_BYTES - have, null);
        have += size;
    } while (size > 0);
    fs.closeSync(fd);
    return buffer.toString('utf8', 0, have);
}

async function wait(environment) {
    const fd = Number(environment._LAMB_HANDOVER_FD);
    await rehearse();
    tidy();
    const message = receive(fd);
    if (message === '')
        process.exit(0); // The platform is gone.
    const before = { ...environment };
    for (const variable of message.slice(0, -1).split('\0')) {
        const equals = variable.indexOf('=');
        const name = variable.slice(0, equals);
        const value = variable.slice(equals + 1);
        if (before[name] !== value) // Node.js forgets the time zone for every new TZ.
            environment[name] = value;
        delete before[name];
    }
    for (const name of Object.keys(before))
        delete environment[name];
    process.chdir(environment.LAMBDA_TASK_ROOT ?? '/var/task');
}

module.exports = { wait };
