'use strict';

/* The entry of the Node.js runtime, and the life of a function's process: get ready, load the handler, then
 * one event after the other. Works on Node.js 16 and later, without packages.
 *
 * What a handler may do, and how it fails, is as in the Lambda Developer Guide, "Define Lambda function
 * handler in Node.js". Modules that only failures or some functions need are loaded when they are needed. */

const { Client } = require('./client.cjs');
const { logError, patch, setInvocation } = require('./console.cjs');
const { defineGlobal, load } = require('./loader.cjs');

const TRACE_VARIABLE = '_X_AMZN_TRACE_ID';
const UNHANDLED_REJECTION_STATUS = 128;
const UNCAUGHT_EXCEPTION_STATUS = 129;
const UNSETTLED_STATUS = 13; // Node's own status for a module that never finishes loading.

const NEVER_SETTLED = 'The Lambda runtime client detected an unexpected Node.js exit code. This is most ' +
    'commonly caused by a Promise that was never settled. For more information, see ' +
    'https://nodejs.org/docs/latest/api/process.html#process_exit_codes';

/* process.env with a trace variable of its own: the C library, which keeps the others, would also keep
 * every value that the variable ever had. */
function replaceEnvironment() {
    const environment = process.env;
    let trace;
    delete environment[TRACE_VARIABLE];
    const is = (name) => name === TRACE_VARIABLE;
    process.env = new Proxy(environment, {
        get: (target, name) => (is(name) ? trace : target[name]),
        has: (target, name) => (is(name) ? trace !== undefined : name in target),
        set(target, name, value) {
            if (is(name))
                trace = String(value);
            else
                target[name] = value;
            return true;
        },
        deleteProperty(target, name) {
            if (is(name))
                trace = undefined;
            return delete target[name];
        },
        ownKeys: (target) => [...Reflect.ownKeys(target), ...(trace === undefined ? [] : [TRACE_VARIABLE])],
        getOwnPropertyDescriptor(target, name) {
            if (!is(name))
                return Reflect.getOwnPropertyDescriptor(target, name);
            return trace === undefined ? undefined
                : { value: trace, writable: true, enumerable: true, configurable: true };
        },
    });
    return environment;
}

/* The gc function that functions find on Lambda. Node's own option for it would cost every start 3 ms,
 * because V8 can't use its compiled built-in code with an option that it wasn't compiled with. */
function defineGc() {
    if ('gc' in globalThis)
        return;
    const define = (value) => {
        Object.defineProperty(globalThis, 'gc', { value, writable: true, configurable: true });
    };
    Object.defineProperty(globalThis, 'gc', {
        configurable: true,
        get() {
            require('v8').setFlagsFromString('--expose-gc');
            define(require('vm').runInNewContext('gc'));
            return globalThis.gc;
        },
        set: define,
    });
}

function parseHeader(text, name) {
    try {
        return text === undefined ? undefined : JSON.parse(text);
    } catch (error) {
        throw new Error(`Cannot parse ${name} as json: ${error}`);
    }
}

class Runtime {
    #client;
    #function; // as load gives it
    #major; // the version of Node.js that the runtime is known by
    #environment;
    #requestId = null; // of the invocation whose outcome hasn't been posted
    #openStream = null; // the response of that invocation, if it is a stream
    #isLoading = true;
    #isFailing = false;
    #posting = Promise.resolve();
    #whenIdle = () => {
        process.exitCode = UNSETTLED_STATUS;
    };

    constructor(environment) {
        this.#environment = environment;
        this.#client = new Client(environment.AWS_LAMBDA_RUNTIME_API);
        this.#major = Number(/nodejs(\d+)/.exec(environment.AWS_EXECUTION_ENV)?.[1]
            ?? process.versions.node.split('.')[0]);
    }

    async run() {
        process.on('beforeExit', () => this.#whenIdle());
        process.on('uncaughtException', (error) => this.#crash('Uncaught Exception', error));
        process.on('unhandledRejection', (reason, promise) => {
            const { UnhandledPromiseRejection } = require('./errors.cjs');
            const error = new UnhandledPromiseRejection(reason, promise);
            this.#crash('Unhandled Promise Rejection', error, UNHANDLED_REJECTION_STATUS);
        });
        try {
            const root = this.#environment.LAMBDA_TASK_ROOT ?? '/var/task';
            this.#function = await load(root, this.#environment._HANDLER ?? '', this.#major);
        } catch (error) {
            this.#crash('Uncaught Exception', error);
            return;
        }
        /* Node tells of a promise that the module left rejected only after this turn: part of loading. */
        setImmediate(() => {
            this.#isLoading = false;
            this.#whenIdle = () => {};
            this.#next();
        });
    }

    /* Tells the platform what went wrong outside of the handler's own promise or callback, then exits. */
    async #crash(title, error, status = UNCAUGHT_EXCEPTION_STATUS) {
        logError(title, error);
        if (this.#isFailing)
            return;
        this.#isFailing = true;
        await this.#posting;
        if (this.#isLoading) {
            await this.#postError('init/error', error, false);
        } else if (this.#openStream?.started) {
            this.#openStream.fail(error);
            await this.#openStream.answered;
        } else if (this.#requestId !== null) {
            await this.#postError(`invocation/${this.#requestId}/error`, error, false);
        }
        process.exit(status);
    }

    #postError(path, error, thenNext) {
        const { cause, describe, headerType } = require('./errors.cjs');
        const document = describe(error);
        let headers = 'Content-Type: application/json\r\n' +
            `Lambda-Runtime-Function-Error-Type: ${headerType(document.errorType)}\r\n`;
        const why = cause(error);
        if (why !== '' && !this.#isLoading)
            headers += `Lambda-Runtime-Function-XRay-Error-Cause: ${why}\r\n`;
        return this.#client.post(path, headers, JSON.stringify(document), thenNext);
    }

    async #next() {
        let event;
        try {
            event = await this.#client.next();
        } catch (error) {
            process.stderr.write(`lamb: ${error.message}\n`);
            process.exit(1);
        }
        this.#requestId = event.headers['lambda-runtime-aws-request-id'];
        setInvocation(this.#requestId, event.headers['lambda-runtime-aws-tenant-id']);
        const trace = event.headers['lambda-runtime-trace-id'];
        if (trace === undefined)
            delete process.env[TRACE_VARIABLE];
        else
            process.env[TRACE_VARIABLE] = trace;
        if (this.#function.streaming)
            this.#stream(event);
        else if (this.#major >= 24)
            this.#call(event);
        else
            this.#callWithCallback(event);
    }

    /* The members of a context that come from the platform. */
    #describe(headers) {
        const deadline = Number(headers['lambda-runtime-deadline-ms']);
        const environment = this.#environment;
        return {
            functionVersion: environment.AWS_LAMBDA_FUNCTION_VERSION,
            functionName: environment.AWS_LAMBDA_FUNCTION_NAME,
            memoryLimitInMB: environment.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
            logGroupName: environment.AWS_LAMBDA_LOG_GROUP_NAME,
            logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
            clientContext: parseHeader(headers['lambda-runtime-client-context'], 'ClientContext'),
            identity: parseHeader(headers['lambda-runtime-cognito-identity'], 'CognitoIdentity'),
            invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
            awsRequestId: headers['lambda-runtime-aws-request-id'],
            tenantId: headers['lambda-runtime-aws-tenant-id'],
            getRemainingTimeInMillis: () => deadline - Date.now(),
        };
    }

    #succeed(result) {
        let body;
        try {
            body = JSON.stringify(result === undefined ? null : result) ?? 'null';
        } catch {
            this.#fail(this.#unprintable());
            return;
        }
        const type = 'Content-Type: application/json\r\n';
        this.#finish((path) => this.#client.post(`${path}/response`, type, body, true));
    }

    #unprintable() {
        const message = 'Unable to stringify response body';
        if (this.#major < 24)
            return new Error(message);
        const { Fault } = require('./errors.cjs');
        return new Fault('Runtime.JSONStringifyError', message);
    }

    #fail(error) {
        logError('Invoke Error', error);
        this.#finish((path) => this.#postError(`${path}/error`, error, true));
    }

    #finish(post) {
        if (this.#isFailing)
            return;
        const path = `invocation/${this.#requestId}`;
        this.#requestId = null;
        this.#whenIdle = () => {};
        this.#posting = post(path).then(exitIfPlatformFailed);
        this.#next();
    }

    /* Node.js 24 and later: what the handler returns or resolves to is the result. */
    async #call(event) {
        const { Fault } = require('./errors.cjs');
        this.#whenIdle = () => this.#fail(new Fault('Runtime.NodeJsExit', NEVER_SETTLED));
        let settle;
        try {
            const context = this.#describe(event.headers);
            const result = await this.#function.handler(JSON.parse(event.body), context);
            settle = () => this.#succeed(result);
        } catch (error) {
            settle = () => this.#fail(error);
        }
        // A promise rejected without a handler makes itself known first.
        setImmediate(settle);
    }

    /* Before Node.js 24: a promise, a callback, or the old context.succeed, fail and done end the invocation,
     * whichever comes first. A callback waits until the event loop is empty, unless the context says not to.
     * A handler that leaves an empty loop without any of them has answered null. */
    #callWithCallback(event) {
        const requestId = this.#requestId;
        let isDone = false;
        let waits = true;
        const once = (end) => (...values) => {
            if (isDone || this.#requestId !== requestId)
                return;
            isDone = true;
            this.#whenIdle = () => {};
            end(...values);
        };
        const end = (error, result) => (error === undefined || error === null
            ? this.#succeed(result) : this.#fail(error));
        const succeed = once((result) => this.#succeed(result));
        const fail = once((error) => this.#fail(error ?? 'handled'));
        const callback = once((error, result) => {
            if ((error === undefined || error === null) && waits)
                this.#whenIdle = () => setImmediate(() => this.#succeed(result));
            else
                end(error, result);
        });
        this.#whenIdle = once(() => this.#endUnsettled());
        try {
            const context = Object.assign(
                {
                    get callbackWaitsForEmptyEventLoop() {
                        return waits;
                    },
                    set callbackWaitsForEmptyEventLoop(value) {
                        waits = value;
                    },
                    succeed,
                    fail,
                    done: once(end),
                },
                this.#describe(event.headers),
            );
            const result = this.#function.handler(JSON.parse(event.body), context, callback);
            if (typeof result?.then === 'function')
                result.then(succeed, fail);
        } catch (error) {
            fail(error);
        }
    }

    #endUnsettled() {
        if (this.#function.isAsync) {
            const { Fault } = require('./errors.cjs');
            this.#fail(new Fault('Runtime.NodeJsExit', NEVER_SETTLED));
        } else {
            this.#succeed(null);
        }
    }

    async #stream(event) {
        const { ResponseStream } = require('./stream.cjs');
        const stream = new ResponseStream(this.#client, this.#requestId, this.#function.highWaterMark);
        const context = this.#major < 24 ? { callbackWaitsForEmptyEventLoop: true } : {};
        this.#openStream = stream;
        const failed = new Promise((_, reject) => stream.on('error', reject));
        failed.catch(() => {});
        try {
            Object.assign(context, this.#describe(event.headers));
            const unfinished = new Promise((_, reject) => {
                this.#whenIdle = () => reject(new Error('Response stream is not finished.'));
            });
            const returned = this.#function.handler(JSON.parse(event.body), stream, context);
            if (typeof returned?.then !== 'function')
                throw new Error('Streaming does not support non-async handlers.');
            if (await Promise.race([returned, unfinished]) !== undefined)
                console.warn('Streaming handlers ignore return values.');
            if (!stream.writableFinished) {
                const finished = new Promise((resolve) => stream.on('finish', resolve));
                await Promise.race([finished, unfinished, failed]);
            }
        } catch (error) {
            this.#failStream(stream, error);
            return;
        }
        this.#finishStream(stream, context);
    }

    #failStream(stream, error) {
        if (!stream.started) {
            stream.destroy();
            this.#openStream = null;
            this.#fail(error);
            return;
        }
        logError('Invoke Error', error);
        stream.fail(error);
        this.#finishStream(stream, { callbackWaitsForEmptyEventLoop: false });
    }

    async #finishStream(stream, context) {
        if (this.#isFailing)
            return;
        this.#posting = stream.answered.then(exitIfPlatformFailed);
        this.#requestId = null;
        this.#openStream = null;
        this.#whenIdle = () => {};
        await this.#posting;
        if (this.#major < 24 && context.callbackWaitsForEmptyEventLoop)
            this.#whenIdle = () => {
                this.#whenIdle = () => {};
                this.#next();
            };
        else
            this.#next();
    }
}

function exitIfPlatformFailed(status) {
    if (status < 500)
        return;
    process.stderr.write(`lamb: the platform failed: ${status}\n`);
    process.exit(1);
}

async function main() {
    const environment = replaceEnvironment();
    defineGc();
    if (environment._LAMB_HANDOVER_FD !== undefined)
        await require('./parked.cjs').wait(environment);
    if (environment.AWS_LAMBDA_RUNTIME_API === undefined) {
        process.stderr.write("lamb: AWS_LAMBDA_RUNTIME_API isn't set: a function is started by Lamb\n");
        process.exit(1);
    }
    patch(environment);
    if (!/^(1|true)$/.test(environment.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA ?? ''))
        defineGlobal();
    new Runtime(environment).run();
}

main();
