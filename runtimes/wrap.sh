#!/bin/sh
# Runs a function's wrapper script (AWS_LAMBDA_EXEC_WRAPPER) with the command line of its runtime:
#     wrap.sh WRAPPER COMMAND...
# Texts and statuses are those that the service's runtimes answer with.
if [ ! -f "$1" ]; then
    echo "$1: does not exist"
    exit 127
fi
if [ ! -x "$1" ]; then
    echo "$1: is not an executable"
    exit 126
fi
exec "$@"
