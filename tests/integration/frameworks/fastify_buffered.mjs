import awsLambdaFastify from "@fastify/aws-lambda";
import { app } from "./fastify_app.mjs";

export const handler = awsLambdaFastify(app, { binaryMimeTypes: ["image/png", "application/octet-stream"] });
