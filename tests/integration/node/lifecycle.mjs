// The whole life of a function with the AWS SDK for JavaScript: node lifecycle.mjs NAME ONE.zip TWO.zip
// Prints one JSON document with what each step gave.
import { readFileSync } from "node:fs";
import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  ResourceNotFoundException,
  UpdateFunctionCodeCommand,
  waitUntilFunctionActiveV2,
  waitUntilFunctionUpdatedV2,
} from "@aws-sdk/client-lambda";

const [name, one, two] = process.argv.slice(2);
const client = new LambdaClient({ endpoint: process.env.AWS_ENDPOINT_URL, maxAttempts: 1 });
const waiting = { client, maxWaitTime: 20, minDelay: 1, maxDelay: 1 };

async function invoke() {
  const answer = await client.send(
    new InvokeCommand({ FunctionName: name, Payload: JSON.stringify({ a: 1 }), LogType: "Tail" }),
  );
  return {
    status: answer.StatusCode,
    version: answer.ExecutedVersion,
    payload: JSON.parse(Buffer.from(answer.Payload).toString()),
    log: Buffer.from(answer.LogResult, "base64").toString(),
  };
}

const steps = {};
const created = await client.send(
  new CreateFunctionCommand({
    FunctionName: name,
    Runtime: "python3.11",
    Role: "arn:aws:iam::000000000000:role/lamb-test",
    Handler: "app.handler",
    Code: { ZipFile: readFileSync(one) },
  }),
);
steps.created = { state: created.State, logging: created.LoggingConfig };
await waitUntilFunctionActiveV2(waiting, { FunctionName: name });
steps.first = await invoke();

const update = new UpdateFunctionCodeCommand({ FunctionName: name, ZipFile: readFileSync(two) });
const updated = await client.send(update);
steps.updated = updated.LastUpdateStatus;
await waitUntilFunctionUpdatedV2(waiting, { FunctionName: name });
steps.second = await invoke();

await client.send(new DeleteFunctionCommand({ FunctionName: name }));
try {
  await client.send(new GetFunctionCommand({ FunctionName: name }));
} catch (error) {
  const message = error.message || error.Message;
  steps.gone = { isRightClass: error instanceof ResourceNotFoundException, message };
}
client.destroy();
console.log(JSON.stringify(steps));
