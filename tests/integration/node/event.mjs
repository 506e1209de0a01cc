// An asynchronous call with the AWS SDK for JavaScript: node event.mjs FUNCTION QUEUE_URL
// Prints the answer, and the record that the function's destination got.
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";

const [name, queue] = process.argv.slice(2);
const options = { endpoint: process.env.AWS_ENDPOINT_URL, maxAttempts: 1 };
const lambda = new LambdaClient(options);
const sqs = new SQSClient(options);

const answer = await lambda.send(
  new InvokeCommand({ FunctionName: name, InvocationType: "Event", Payload: JSON.stringify({ n: 1 }) }),
);
const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: queue, WaitTimeSeconds: 20 }));
await sqs.send(new DeleteMessageCommand({ QueueUrl: queue, ReceiptHandle: Messages[0].ReceiptHandle }));
console.log(
  JSON.stringify({
    status: answer.StatusCode,
    error: answer.FunctionError ?? null,
    payload: Buffer.from(answer.Payload ?? []).toString(),
    requestId: answer.$metadata.requestId,
    records: Messages.map(({ Body }) => JSON.parse(Body)),
  }),
);
