'use strict';

// Greets: {"name":"Ada"} gives {"greeting":"Hello, Ada!"}.

exports.handler = async (event, context) => {
    console.log(`${context.getRemainingTimeInMillis()} ms left`);
    if (event.name === undefined)
        throw new TypeError('the event must be {"name":"…"}');
    return { greeting: `Hello, ${event.name}!` };
};
