'use strict';

/* The Runtime API over one keep-alive connection.
 *
 * A raw socket: the http module takes milliseconds to load and tens of microseconds per request. The
 * platform on the other side always sends Content-Length.
 *
 * The outcome of an invocation and the request for the next event leave in one write. HTTP/1.1 answers
 * requests of one connection in their order (RFC 9112, 9.3.2), so the platform has taken the outcome
 * before it looks at the request behind it, and a refused outcome doesn't void that request. Long outcomes
 * go alone.
 *
 * The socket keeps the process alive only while an answer is outstanding, so that an idle event loop
 * means that the function has nothing left to do. */

const net = require('net');

const API = '/2018-06-01/runtime/';
const COMMON_HEADERS = `Host: lambda\r\nUser-Agent: lamb-nodejs/1\r\n`;
const NEXT = `GET ${API}invocation/next HTTP/1.1\r\n${COMMON_HEADERS}\r\n`;
const NEXT_ATTEMPTS = 3;
const HEAD_BYTES = 64 * 1024;
const PIPELINED_CHARS = 256 * 1024;
const READ_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);

class Client {
    #host;
    #port;
    #socket = null;
    #answers = []; // what to do with the answers outstanding on this connection, in order
    #head = NOTHING; // the beginning of an answer whose header isn't complete
    #message = null; // an answer whose body isn't complete
    #nextSent = null; // the promise of the event that follows the last outcome

    constructor(address) {
        const colon = address.lastIndexOf(':');
        this.#host = address.slice(0, colon);
        this.#port = Number(address.slice(colon + 1));
    }

    /* The next event: { headers (names in lower case), body (text) }. Rejects when the platform is gone. */
    async next() {
        let problem;
        for (let attempt = 0; attempt < NEXT_ATTEMPTS; attempt++) {
            const asked = this.#nextSent ?? this.#ask(NEXT);
            this.#nextSent = null;
            const answer = await asked;
            if (answer.status === 200 && answer.headers['lambda-runtime-aws-request-id'] !== undefined)
                return answer;
            problem = answer.error?.message ?? `${answer.status} ${answer.body.slice(0, 80)}`;
        }
        throw new Error(`the Runtime API gives no event: ${problem}`);
    }

    /* Posts an outcome, and asks for the next event unless told otherwise. Resolves with the status; with 0
     * when the connection was lost: then the platform gives the event again if it hasn't got its outcome. */
    async post(path, headers, body, thenNext) {
        const message = `POST ${API}${path} HTTP/1.1\r\n${COMMON_HEADERS}${headers}` +
            `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
        const pipelined = thenNext && body.length <= PIPELINED_CHARS;
        const posted = this.#ask(pipelined ? message + NEXT : message);
        if (pipelined)
            this.#nextSent = this.#expect();
        else if (thenNext)
            this.#nextSent = posted.then(() => this.#ask(NEXT));
        return (await posted).status;
    }

    /* Begins an outcome in pieces, to be followed by writeChunk and endChunks. Resolves as post does, once
     * the platform has answered. Until endChunks, only pieces not yet written keep the process alive. */
    async postChunks(path, headers) {
        if (this.#socket === null)
            this.#connect();
        const socket = this.#socket;
        socket.cork(); // The header leaves with the first piece.
        process.nextTick(() => socket.uncork());
        const posted = this.#ask(`POST ${API}${path} HTTP/1.1\r\n${COMMON_HEADERS}${headers}` +
            'Transfer-Encoding: chunked\r\n\r\n');
        socket.unref();
        return (await posted).status;
    }

    writeChunk(data, written) {
        if (this.#socket === null) {
            process.nextTick(written);
            return;
        }
        this.#socket.cork();
        this.#socket.write(`${data.length.toString(16)}\r\n`, 'latin1');
        this.#socket.write(data);
        this.#socket.write('\r\n', 'latin1', () => written());
        this.#socket.uncork();
    }

    endChunks(trailers = '') {
        if (this.#answers.length > 0)
            this.#socket.ref();
        this.#socket?.write(`0\r\n${trailers}\r\n`);
    }

    close() {
        if (this.#socket !== null)
            this.#lose(this.#socket, new Error('the connection was closed'));
    }

    #ask(message) {
        if (this.#socket === null)
            this.#connect();
        const answer = this.#expect();
        this.#socket.write(message);
        return answer;
    }

    #expect() {
        this.#socket.ref();
        return new Promise((resolve) => this.#answers.push(resolve));
    }

    #connect() {
        const socket = net.connect({
            host: this.#host,
            port: this.#port,
            onread: {
                buffer: Buffer.allocUnsafeSlow(READ_BYTES),
                callback: (size, buffer) => {
                    this.#receive(socket, buffer.subarray(0, size));
                    return true;
                },
            },
        });
        socket.setNoDelay(true);
        socket.on('error', (error) => this.#lose(socket, error));
        socket.on('close', () => this.#lose(socket, new Error('the connection was closed')));
        this.#socket = socket;
    }

    #lose(socket, error) {
        if (socket !== this.#socket)
            return;
        const answers = this.#answers;
        this.#socket = null;
        this.#answers = [];
        this.#head = NOTHING;
        this.#message = null;
        socket.destroy();
        for (const resolve of answers)
            resolve({ status: 0, error });
    }

    /* `data` is the socket's own buffer: what is kept must be copied. */
    #receive(socket, data) {
        while (data.length > 0 && socket === this.#socket)
            data = this.#message === null ? this.#receiveHead(socket, data) : this.#receiveBody(data);
    }

    #receiveHead(socket, data) {
        if (this.#head.length > 0)
            data = Buffer.concat([this.#head, data]);
        this.#head = NOTHING;
        const end = data.indexOf('\r\n\r\n');
        if (end < 0) {
            this.#head = Buffer.from(data);
            if (data.length > HEAD_BYTES)
                this.#lose(socket, new Error('an answer of the Runtime API has an endless header'));
            return NOTHING;
        }
        const [statusLine, ...lines] = data.toString('utf8', 0, end).split('\r\n');
        const headers = {};
        for (const line of lines) {
            const colon = line.indexOf(':');
            headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
        }
        const message = { status: Number(statusLine.slice(9, 12)), headers, body: '' };
        const size = Number(headers['content-length'] ?? 0);
        const start = end + 4;
        if (data.length >= start + size) {
            message.body = data.toString('utf8', start, start + size);
            this.#answer(message);
            return data.subarray(start + size);
        }
        this.#message = message;
        message.bytes = Buffer.allocUnsafeSlow(size);
        message.have = 0;
        return this.#receiveBody(data.subarray(start));
    }

    #receiveBody(data) {
        const message = this.#message;
        const used = data.copy(message.bytes, message.have);
        message.have += used;
        if (message.have === message.bytes.length) {
            message.body = message.bytes.toString();
            message.bytes = null;
            this.#message = null;
            this.#answer(message);
        }
        return data.subarray(used);
    }

    #answer(message) {
        const resolve = this.#answers.shift();
        if (this.#answers.length === 0)
            this.#socket.unref();
        resolve?.(message);
    }
}

module.exports = { Client };
