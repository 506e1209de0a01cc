// The function of bench/soak; see soak.c.
const fs = require('fs');

exports.handler = async (event) => {
    if (event === 'exit')
        process.exit(3);
    if (event === 'sleep')
        await new Promise((resolve) => setTimeout(resolve, 5000));
    console.log('soak');
    return Number(fs.readFileSync('/var/task/number', 'ascii'));
};
