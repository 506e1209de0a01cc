import { streamHandle } from "hono/aws-lambda";
import { app } from "./hono_app.mjs";

export const handler = streamHandle(app);
