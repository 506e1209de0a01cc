import serverless from "serverless-http";
import { app } from "./express_app.mjs";

export const handler = serverless(app, { binary: ["image/*", "application/octet-stream"] });
