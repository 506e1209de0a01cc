'use strict';

/* Finds the handler of a function: "dir/file.path.to.handler". */

const fs = require('fs');
const path = require('path');

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HIGH_WATER_MARK = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');

const CALLBACKS_REMOVED = 'ERROR: AWS Lambda has removed support for callback-based function handlers ' +
    'starting with Node.js 24. You need to modify this function to use a supported handler signature to ' +
    'use Node.js 24 or later. For more information see ' +
    'https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html.';

function fault(kind, message, cause) {
    const { Fault } = require('./errors.cjs');
    return new Fault(kind, message, cause);
}

/* The global object that functions use to answer in a stream. */
function defineGlobal() {
    globalThis.awslambda = {
        streamifyResponse(handler, options) {
            handler[STREAMING] = 'response';
            if (typeof options?.highWaterMark === 'number')
                handler[HIGH_WATER_MARK] = Math.trunc(options.highWaterMark);
            return handler;
        },
        get HttpResponseStream() {
            return require('./stream.cjs').HttpResponseStream;
        },
    };
}

/* Says of a .js file whether it is an ES module: by the nearest package.json, not above a node_modules. */
function isModuleFolder(folder) {
    for (;; folder = path.dirname(folder)) {
        if (folder.endsWith('/node_modules'))
            return false;
        const file = path.join(folder, 'package.json');
        if (fs.existsSync(file)) {
            try {
                return JSON.parse(fs.readFileSync(file, 'utf8')).type === 'module';
            } catch {
                return false; // Node says what is wrong with it when it loads the module.
            }
        }
        if (folder === '/')
            return false;
    }
}

async function loadFile(root, folder, name) {
    const file = path.resolve(root, folder, name);
    if (fs.existsSync(file))
        return require(file);
    if (fs.existsSync(`${file}.js`) && !isModuleFolder(path.dirname(file)))
        return require(`${file}.js`);
    for (const extension of ['.js', '.mjs'])
        if (fs.existsSync(file + extension))
            return import(require('url').pathToFileURL(file + extension));
    if (fs.existsSync(`${file}.cjs`))
        return require(`${file}.cjs`);
    return require(require.resolve(name, { paths: [root, path.resolve(root, folder)] }));
}

async function loadModule(root, folder, name) {
    try {
        return await loadFile(root, folder, name);
    } catch (error) {
        if (error instanceof SyntaxError)
            throw fault('Runtime.UserCodeSyntaxError', String(error), error);
        if (error?.code === 'MODULE_NOT_FOUND')
            throw fault('Runtime.ImportModuleError', String(error), error);
        throw error;
    }
}

function resolve(value, names) {
    return names.split('.').reduce((nested, name) => nested?.[name], value);
}

/* The handler and how to call it: { handler, streaming, highWaterMark, isAsync }. `major` is the version of
 * Node.js that the runtime is known by. */
async function load(root, name, major) {
    if (name.includes('..'))
        throw fault('Runtime.MalformedHandlerName', `'${name}' is not a valid handler name. Use absolute ` +
            'paths when specifying root directories in handler names.');
    const base = path.basename(name);
    const folder = name.slice(0, name.indexOf(base));
    const dot = base.indexOf('.');
    if (dot < 0)
        throw fault('Runtime.MalformedHandlerName', 'Bad handler');
    const loaded = await loadModule(root, folder, base.slice(0, dot));
    let handler = resolve(loaded, base.slice(dot + 1));
    if (!handler && major >= 24)
        handler = resolve(loaded?.default, base.slice(dot + 1));
    if (!handler)
        throw fault('Runtime.HandlerNotFound', `${name} is undefined or not exported`);
    if (typeof handler !== 'function')
        throw fault('Runtime.HandlerNotFound', `${name} is not a function`);
    if (handler[STREAMING] && handler[STREAMING] !== 'response')
        throw fault('Runtime.MalformedStreamingHandler', 'Only response streaming is supported.');
    const streaming = Boolean(handler[STREAMING]);
    const highWaterMark = parseInt(handler[HIGH_WATER_MARK], 10);
    if (major >= 24 && !streaming && handler.length >= 3)
        throw fault('Runtime.CallbackHandlerDeprecated', CALLBACKS_REMOVED);
    return {
        handler,
        streaming,
        highWaterMark: highWaterMark > 0 ? highWaterMark : undefined,
        isAsync: handler.constructor?.name === 'AsyncFunction',
    };
}

module.exports = { defineGlobal, load };
