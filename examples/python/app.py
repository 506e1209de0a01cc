"""Greets: {"name": "Ada"} gives {"greeting": "Hello, Ada!"}."""

import logging

log = logging.getLogger()
log.setLevel(logging.INFO)


def handler(event, context):
    log.info("%d ms left", context.get_remaining_time_in_millis())
    return {"greeting": "Hello, %s!" % event["name"]}
