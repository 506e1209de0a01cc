// Server-sent events: counts to ten, one number a second, each on its way as soon as it is known.

import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';

const pauseMs = Number(process.env.PAUSE_MS ?? 1000);

async function* count() {
    for (let number = 1; number <= 10; number++) {
        yield `data: ${number}\n\n`;
        await setTimeout(pauseMs);
    }
}

export const handler = awslambda.streamifyResponse(async (event, responseStream) => {
    const stream = awslambda.HttpResponseStream.from(responseStream, {
        statusCode: 200,
        headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' },
    });
    await pipeline(count, stream);
});
