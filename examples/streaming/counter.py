"""Server-sent events: counts to ten, one number a second, each on its way as soon as it is known."""

import os
import time

import lamb_runtime

PAUSE_S = float(os.environ.get("PAUSE_MS", "1000")) / 1000


@lamb_runtime.streaming
def handler(event, response_stream, context):
    response_stream.set_http_metadata(200, {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    for number in range(1, 11):
        yield f"data: {number}\n\n"
        time.sleep(PAUSE_S)
