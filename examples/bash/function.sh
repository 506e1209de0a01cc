# Greets: {"name":"Ada"} gives {"greeting":"Hello, Ada!"}.
greet() {
    [[ $1 =~ \"name\":\ *\"([^\"]*)\" ]] || return 1
    echo "greeting ${BASH_REMATCH[1]}" >&2
    printf '{"greeting":"Hello, %s!"}' "${BASH_REMATCH[1]}"
}
