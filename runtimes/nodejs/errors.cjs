'use strict';

/* Failures that the runtime itself finds, and the error documents of the Runtime API. */

// The platform's limit for all headers of a request is 64 KiB.
const CAUSE_CHARS = 32 * 1024;

class Fault extends Error {
    /* `kind` as in Runtime.HandlerNotFound; `cause` is what it is about, if that has a stack of its own. */
    constructor(kind, message, cause) {
        super(message);
        Object.defineProperty(this, 'name', { value: kind, configurable: true });
        if (typeof cause?.stack === 'string')
            this.stack = `${kind}: ${cause.stack}`;
    }
}

class UnhandledPromiseRejection extends Fault {
    constructor(reason, promise) {
        super('Runtime.UnhandledPromiseRejection', String(reason), reason);
        this.reason = reason;
        this.promise = promise;
    }
}

function isError(value) {
    return value instanceof Error ||
        ['name', 'message', 'stack'].every((name) => typeof value?.[name] === 'string');
}

/* DEL has no place in the logs and consoles where these texts end up. */
function clean(text) {
    return text.replace(/\x7f/g, '%7F');
}

/* What the caller of the function gets. */
function describe(error) {
    try {
        if (isError(error))
            return {
                errorType: clean(String(error.name)),
                errorMessage: clean(String(error.message)),
                trace: clean(String(error.stack ?? '')).split('\n'),
            };
        return { errorType: typeof error, errorMessage: clean(String(error)), trace: [] };
    } catch {
        return {
            errorType: 'handled',
            errorMessage: 'callback called with Error argument, but there was a problem while retrieving ' +
                'one or more of its message, name, and stack',
            trace: [],
        };
    }
}

/* Errors hide name, message and stack from JSON; the log shows them, and whatever else the error carries. */
function reveal(error) {
    const fields = { errorType: error.name, errorMessage: error.message, code: error.code, ...error };
    if (typeof error.stack === 'string')
        fields.stack = error.stack.split('\n');
    return fields;
}

/* An error for a line of the log. */
function format(error) {
    try {
        return JSON.stringify(error, (_, value) => (value instanceof Error ? reveal(value) : value));
    } catch {
        return JSON.stringify(describe(error));
    }
}

function parseFrame(line) {
    const [, label, path, number] = /^\s*at (?:(.*) )?\(?(.*?):(\d+)(?::\d+)?\)?$/.exec(line) ?? [];
    return path === undefined ? null : { path, line: Number(number), label: label || 'anonymous' };
}

/* What X-Ray is told, as one line of ASCII; empty if that would be too long. */
function cause(error) {
    if (!isError(error))
        return '';
    const stack = String(error.stack ?? '').split('\n').map(parseFrame).filter(Boolean);
    const document = {
        working_directory: process.cwd(),
        exceptions: [{ type: String(error.name), message: String(error.message), stack }],
        paths: [...new Set(stack.map((frame) => frame.path))],
    };
    const text = JSON.stringify(document).replace(
        /[^\x20-\x7e]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
    return text.length <= CAUSE_CHARS ? text : '';
}

/* An error type for a header or trailer; what a function calls its errors may be anything. */
function headerType(kind) {
    return /^[A-Za-z0-9._-]{1,200}$/.test(kind) ? kind : 'Function.Unknown';
}

module.exports = { Fault, UnhandledPromiseRejection, describe, format, cause, headerType };
