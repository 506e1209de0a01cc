'use strict';

/* console as Lambda has it: every call is one record with time, request id and level, as text or JSON.
 *
 * Records go to the descriptor on which the platform reads framed records, if it named one, or to stdout.
 * A frame is 16 bytes, big-endian (type u32, length u32, time in microseconds u64), then the text. Writes
 * are synchronous: what was logged is out before the invocation ends. */

const fs = require('fs');
const util = require('util');

const LEVELS = {
    TRACE: { priority: 1, bits: 0x04 },
    DEBUG: { priority: 2, bits: 0x08 },
    INFO: { priority: 3, bits: 0x0c },
    WARN: { priority: 4, bits: 0x10 },
    ERROR: { priority: 5, bits: 0x14 },
    FATAL: { priority: 6, bits: 0x18 },
};
const METHODS = {
    trace: 'TRACE', debug: 'DEBUG', info: 'INFO', log: 'INFO', warn: 'WARN', error: 'ERROR', fatal: 'FATAL',
};
const TEXT_FRAME = 0xa55a0003;
const JSON_FRAME = 0xa55a0002;

// Libraries read the request id under this symbol.
const REQUEST_ID = Symbol.for('aws.lambda.runtime.requestId');

let tenantId;
let isJson = false;

function setInvocation(requestId, tenant) {
    globalThis[REQUEST_ID] = requestId;
    tenantId = tenant;
}

function writeAll(fd, data) {
    while (data.length > 0) {
        try {
            data = data.subarray(fs.writeSync(fd, data));
        } catch (error) {
            if (error.code !== 'EAGAIN')
                return; // Nobody reads.
            Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
        }
    }
}

function describe(error) {
    return {
        errorType: /^Runtime\./.test(error.name) ? error.name : error.constructor?.name ?? 'UnknownError',
        errorMessage: error.message,
        stackTrace: typeof error.stack === 'string' ? error.stack.split('\n') : [],
    };
}

function formatJson(level, time, values) {
    const record = { timestamp: time, level, requestId: globalThis[REQUEST_ID], tenantId };
    if (values.length === 1) {
        try {
            record.message = values[0];
            return JSON.stringify(record, (_, value) =>
                (value instanceof Error ? { ...describe(value), ...value } : value));
        } catch {
            // A circle, or a BigInt: shown as text below.
        }
    }
    record.message = util.format(...values);
    const error = values.length === 1 ? undefined : values.find((value) => value instanceof Error);
    return JSON.stringify(error === undefined ? record : { ...record, ...describe(error) });
}

function formatText(level, time, values) {
    return `${time}\t${globalThis[REQUEST_ID]}\t${level}\t${util.format(...values)}`;
}

function writeFrame(fd, level, date, text) {
    const message = Buffer.from(text);
    const header = Buffer.alloc(16);
    header.writeUInt32BE(((isJson ? JSON_FRAME : TEXT_FRAME) | LEVELS[level].bits) >>> 0, 0);
    header.writeUInt32BE(message.length, 4);
    header.writeBigUInt64BE(BigInt(date.valueOf()) * 1000n, 8);
    writeAll(fd, Buffer.concat([header, message]));
}

function patch(environment) {
    const fd = environment._LAMBDA_TELEMETRY_LOG_FD;
    delete environment._LAMBDA_TELEMETRY_LOG_FD;
    isJson = environment.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === 'JSON';
    const format = isJson ? formatJson : formatText;
    const least = LEVELS[environment.AWS_LAMBDA_LOG_LEVEL?.toUpperCase()] ?? LEVELS.TRACE;
    for (const [method, level] of Object.entries(METHODS))
        console[method] = (...values) => {
            if (LEVELS[level].priority < least.priority)
                return;
            const date = new Date();
            const text = format(level, date.toISOString(), values);
            if (fd === undefined)
                writeAll(1, Buffer.from(`${text}\n`));
            else
                writeFrame(Number(fd), level, date, text);
        };
}

/* Logs a failure of the function or its runtime; what was thrown may be anything. */
function logError(title, error) {
    const thrown = error instanceof Error ? error : new Error(util.format(error));
    if (isJson)
        console.error(thrown);
    else
        console.error(title, `\t${require('./errors.cjs').format(thrown)}`);
}

module.exports = { patch, setInvocation, logError };
