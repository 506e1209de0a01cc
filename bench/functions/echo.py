"""The function the benchmarks call: answers its event."""


def handler(event, context):
    return event
