#!/usr/bin/env node
// An extension in JavaScript: prints its registration and each event.
//     watch.mjs [INVOKE] [SHUTDOWN]

import http from 'node:http';
import path from 'node:path';

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const api = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2020-01-01/extension`;

function call(method, name, headers, body = '') {
    return new Promise((resolve, reject) => {
        const request = http.request(`${api}/${name}`, { method, headers, agent }, async (answer) => {
            let text = '';
            for await (const piece of answer) text += piece;
            console.log(text.trimEnd());
            if (answer.statusCode !== 200) process.exit(1);
            resolve({ headers: answer.headers, document: JSON.parse(text) });
        });
        request.on('error', reject);
        request.end(body);
    });
}

const [, program, ...wish] = process.argv;
const events = wish.length ? wish : ['INVOKE', 'SHUTDOWN'];
const name = { 'Lambda-Extension-Name': path.basename(program) };
const { headers } = await call('POST', 'register', name, JSON.stringify({ events }));
const identity = { 'Lambda-Extension-Identifier': headers['lambda-extension-identifier'] };
let event;
do {
    event = (await call('GET', 'event/next', identity)).document;
} while (event.eventType !== 'SHUTDOWN');
process.exit();
