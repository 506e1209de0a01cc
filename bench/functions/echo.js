// The function the benchmarks call: answers its event.
exports.handler = async (event) => event;
