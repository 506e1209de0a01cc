'use strict';

/* Responses in a stream: what awslambda.streamifyResponse hands to a handler. Loaded by such functions only.
 *
 * Until the first byte nothing is sent, so that a handler may still fail with an ordinary error. Later, a
 * failure is told in the trailers of the chunked body. A piece counts as written once the system has taken it
 * for the platform: when nobody reads, write() says false and pipelines stand still. */

const { Writable } = require('stream');

const { Fault, describe, headerType } = require('./errors.cjs');

const METADATA_TYPE = 'application/vnd.awslambda.http-integration-response';
const METADATA_END = Buffer.alloc(8);
const TRAILERS = 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body';
const TRAILER_CHARS = 48 * 1024; // The platform keeps 64 KiB of trailers.

function encode(document) {
    return Buffer.from(JSON.stringify(document)).toString('base64');
}

function makeTrailers(error) {
    const document = describe(error);
    const type = headerType(document.errorType);
    let body = encode(document);
    if (body.length > TRAILER_CHARS) {
        const errorMessage = document.errorMessage.slice(0, 5000);
        body = encode({ errorType: type, errorMessage, trace: [] });
    }
    return `Lambda-Runtime-Function-Error-Type: ${type}\r\n` +
        `Lambda-Runtime-Function-Error-Body: ${body}\r\n`;
}

class ResponseStream extends Writable {
    #client;
    #path;
    #contentType = 'application/octet-stream';
    #isWritten = false;
    #answered = null;
    #trailers = '';
    #isOver = false;

    constructor(client, requestId, highWaterMark) {
        super({ decodeStrings: true, ...(highWaterMark === undefined ? {} : { highWaterMark }) });
        this.#client = client;
        this.#path = `invocation/${requestId}/response`;
    }

    get started() {
        return this.#answered !== null;
    }

    /* What the platform says to the response: its status, once the stream has ended. */
    get answered() {
        return this.#answered;
    }

    setContentType(type) {
        if (this.#isWritten || this.started)
            throw new Fault('Runtime.InvalidStreamingOperation', 'Cannot set content-type, too late.');
        if (type === undefined || !/^[\t\x20-\x7e]*$/.test(type))
            throw new TypeError(`Invalid character in header content ["Content-Type"]: ${type}`);
        this.#contentType = String(type);
    }

    /* Ends the response with an error; only once it has started. What the handler has ended stays whole. */
    fail(error) {
        if (this.writableEnded && !this.destroyed)
            return;
        this.#trailers = makeTrailers(error);
        if (this.destroyed)
            this.#finish();
        else
            this.end();
    }

    #finish() {
        if (!this.#isOver)
            this.#client.endChunks(this.#trailers);
        this.#isOver = true;
    }

    write(chunk, encoding, callback) {
        if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))
            chunk = JSON.stringify(chunk);
        const wantsMore = super.write(chunk, encoding, callback);
        this.#isWritten = true;
        return wantsMore;
    }

    end(chunk, encoding, callback) {
        if (chunk !== undefined && chunk !== null && typeof chunk !== 'function') {
            this.write(chunk, typeof encoding === 'string' ? encoding : undefined);
            chunk = typeof encoding === 'function' ? encoding : callback;
            encoding = callback = undefined;
        }
        return super.end(chunk, encoding, callback);
    }

    #start() {
        if (this.started)
            return;
        const first = [];
        this._onBeforeFirstWrite?.((data) => first.push(Buffer.from(data)));
        this.#answered = this.#client.postChunks(this.#path,
            `Content-Type: ${this.#contentType}\r\nLambda-Runtime-Function-Response-Mode: streaming\r\n` +
            `Trailer: ${TRAILERS}\r\n`);
        this.#answered.then((status) => this.#lose(status));
        if (first.length > 0)
            this.#client.writeChunk(Buffer.concat(first), () => {});
    }

    /* An answer before the end: nobody takes the rest, and the handler shall not make it. */
    #lose(status) {
        if (this.#isOver)
            return;
        this.#isOver = true;
        this.#client.close();
        const why = status === 0 ? 'the connection was lost' : `status ${status}`;
        const error = new Error(`The platform takes no more of the response: ${why}`);
        this.destroy(Object.assign(error, { code: 'EPIPE' }));
    }

    _write(chunk, _, written) {
        this.#start();
        if (chunk.length === 0)
            written();
        else
            this.#client.writeChunk(chunk, written);
    }

    _final(finished) {
        this.#start();
        this.#finish();
        finished();
    }
}

/* A response with status, headers and cookies for function URLs. */
class HttpResponseStream {
    static from(stream, metadata) {
        stream.setContentType(METADATA_TYPE);
        const prelude = JSON.stringify(metadata);
        stream._onBeforeFirstWrite = (write) => {
            write(prelude);
            write(METADATA_END);
        };
        return stream;
    }
}

module.exports = { ResponseStream, HttpResponseStream };
