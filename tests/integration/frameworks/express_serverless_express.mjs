import serverlessExpress from "@codegenie/serverless-express";
import { app } from "./express_app.mjs";

export const handler = serverlessExpress({
  app,
  binarySettings: { contentTypes: ["image/*", "application/octet-stream"] },
});
