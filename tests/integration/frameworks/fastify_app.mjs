import formbody from "@fastify/formbody";
import multipart from "@fastify/multipart";
import fastify from "fastify";
import { Readable } from "node:stream";
import { COOKIES, PAGE, PIXEL, describeFile, events } from "./app.mjs";

export const app = fastify();
app.register(formbody);
app.register(multipart);
app.addContentTypeParser("application/octet-stream", { parseAs: "buffer" }, (request, body, done) =>
  done(null, body),
);

app.get("/", (request, reply) => reply.type("text/html").send(PAGE));
app.get("/json", (request) => ({ query: request.query, framework: "fastify" }));
app.get("/items/:id", (request) => ({ id: request.params.id }));
app.post("/form", (request) => request.body);
app.post("/upload", async (request) => {
  const file = await request.file();
  return describeFile(file.filename, await file.toBuffer());
});
app.put("/raw", (request, reply) => reply.type("application/octet-stream").send(request.body));
app.get("/cookies", (request, reply) =>
  reply.header("Set-Cookie", COOKIES).send({ cookie: request.headers.cookie ?? null }),
);
app.get("/pixel", (request, reply) => reply.type("image/png").send(PIXEL));
app.get("/redirect", (request, reply) => reply.redirect("/json"));
app.get("/empty", (request, reply) => reply.code(204).send());
app.get("/error", () => {
  throw new Error("on purpose");
});
app.get("/events", (request, reply) => reply.type("text/event-stream").send(Readable.from(events())));
