#!/bin/bash
# An extension in bash alone: prints its registration and each event.
#     watch.sh [INVOKE] [SHUTDOWN]

set -u
LC_ALL=C # Lengths are counted in bytes.
(($#)) || set -- INVOKE SHUTDOWN
events=$(printf ',"%s"' "$@")

# request METHOD PATH HEADER [BODY] -> status, headers, body
request() {
    printf '%s /2020-01-01/extension/%s HTTP/1.1\r\nHost: lambda\r\n%s\r\nContent-Length: %d\r\n\r\n%s' \
        "$1" "$2" "$3" "${#4}" "$4" >&3
    local line
    read -r _ status _ <&3 || exit 1
    headers=()
    while IFS= read -r line <&3 && line=${line%$'\r'} && [[ -n $line ]]; do
        local name=${line%%:*}
        headers[${name,,}]=${line#*: }
    done
    IFS= read -r -N "${headers[content-length]:-0}" body <&3
    printf '%s\n' "${body%$'\n'}"
    [[ $status == 200 ]]
}

declare -A headers
exec 3<>"/dev/tcp/${AWS_LAMBDA_RUNTIME_API%:*}/${AWS_LAMBDA_RUNTIME_API#*:}" || exit 1

request POST register "Lambda-Extension-Name: ${0##*/}" "{\"events\":[${events#,}]}" || exit 1
id=${headers[lambda-extension-identifier]}
while request GET event/next "Lambda-Extension-Identifier: $id" ''; do
    [[ $body != *'"eventType":"SHUTDOWN"'* ]] || exit 0
done
exit 1
