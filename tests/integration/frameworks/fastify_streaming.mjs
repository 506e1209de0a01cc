import awsLambdaFastify from "@fastify/aws-lambda";
import { pipeline } from "node:stream/promises";
import { app } from "./fastify_app.mjs";

const proxy = awsLambdaFastify(app, { payloadAsStream: true });

export const handler = awslambda.streamifyResponse(async (event, responseStream, context) => {
  const { meta, stream } = await proxy(event, context);
  await pipeline(stream, awslambda.HttpResponseStream.from(responseStream, meta));
});
