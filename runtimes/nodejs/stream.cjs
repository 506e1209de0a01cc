'use strict';

/* Responses in a stream: what awslambda.streamifyResponse hands to a handler. Loaded by such functions only.
 *
 * Until the first byte nothing is sent, so that a handler may still fail with an ordinary error. Later, a
 * failure is told in the trailers of the chunked body. */

const { Writable } = require('stream');

const { Fault, describe, headerType } = require('./errors.cjs');

const METADATA_TYPE = 'application/vnd.awslambda.http-integration-response';
const METADATA_END = Buffer.alloc(8);
const TRAILERS = 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body';

class ResponseStream extends Writable {
    #client;
    #path;
    #contentType = 'application/octet-stream';
    #answered = null;
    #failure = '';
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
        if (this.started)
            throw new Fault('Runtime.InvalidStreamingOperation', 'Cannot set content-type, too late.');
        this.#contentType = String(type).replace(/[^\x20-\x7e]/g, '');
    }

    /* Ends the response with an error; only once it has started. */
    fail(error) {
        const document = describe(error);
        const body = Buffer.from(JSON.stringify(document)).toString('base64');
        this.#failure = `Lambda-Runtime-Function-Error-Type: ${headerType(document.errorType)}\r\n` +
            `Lambda-Runtime-Function-Error-Body: ${body}\r\n`;
        if (this.destroyed)
            this.#finish();
        else
            this.end();
    }

    #finish() {
        if (!this.#isOver)
            this.#client.endChunks(this.#failure);
        this.#isOver = true;
    }

    write(chunk, encoding, callback) {
        if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))
            chunk = JSON.stringify(chunk);
        return super.write(chunk, encoding, callback);
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
        this.#answered = this.#client.postChunks(this.#path,
            `Lambda-Runtime-Function-Response-Mode: streaming\r\nContent-Type: ${this.#contentType}\r\n` +
            `Trailer: ${TRAILERS}\r\n`);
        this._onBeforeFirstWrite?.((data) => {
            const bytes = typeof data === 'string' ? Buffer.from(data) : data;
            if (bytes.length > 0)
                this.#client.writeChunk(bytes, () => {});
        });
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
