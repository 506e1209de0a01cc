// SQS with the AWS SDK for JavaScript: reads {"command", "input"} as lines of JSON, prints what each gave, or
// {"error"}. The SDK checks the MD5 of what it sends and receives.
import { createInterface } from "node:readline";
import * as sqs from "@aws-sdk/client-sqs";

const client = new sqs.SQSClient({ endpoint: process.env.AWS_ENDPOINT_URL, maxAttempts: 1 });

const toBytes = (name, value) => (name === "BinaryValue" ? Buffer.from(value, "base64") : value);
const toText = (name, value) =>
  name === "BinaryValue" ? Buffer.from(Object.values(value)).toString("base64") : value;

for await (const line of createInterface({ input: process.stdin })) {
  const { command, input } = JSON.parse(line, toBytes);
  let answer;
  try {
    answer = await client.send(new sqs[`${command}Command`](input));
    delete answer.$metadata;
  } catch (error) {
    answer = { error: { code: error.Code ?? error.name, message: error.message, name: error.name } };
  }
  console.log(JSON.stringify(answer, toText));
}
