// Calls a function with InvokeWithResponseStream: node stream.mjs NAME PAYLOAD [QUALIFIER]
// Prints one line of JSON for the answer's head and one for each event, as they come.
import { InvokeWithResponseStreamCommand, LambdaClient } from "@aws-sdk/client-lambda";

const [name, payload, qualifier] = process.argv.slice(2);
const client = new LambdaClient({ endpoint: process.env.AWS_ENDPOINT_URL, maxAttempts: 1 });

function print(document) {
  process.stdout.write(JSON.stringify(document) + "\n");
}

try {
  const answer = await client.send(
    new InvokeWithResponseStreamCommand({
      FunctionName: name,
      Payload: payload,
      Qualifier: qualifier,
      LogType: "Tail",
    }),
  );
  const { StatusCode: status, ExecutedVersion: version, ResponseStreamContentType: type } = answer;
  print({ status, version, type });
  for await (const event of answer.EventStream) {
    if (event.PayloadChunk)
      print({ chunk: Buffer.from(event.PayloadChunk.Payload).toString() });
    else
      print({ end: event.InvokeComplete });
  }
} catch (error) {
  print({ error: error.name, message: error.message, reason: error.Reason });
}
