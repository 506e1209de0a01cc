import { Hono } from "hono";
import { streamSSE, stream } from "hono/streaming";
import { COOKIES, PAGE, PIXEL, describeFile, events } from "./app.mjs";

export const app = new Hono();

app.get("/", (context) => context.html(PAGE));
app.get("/json", (context) => {
  const query = Object.fromEntries(
    Object.entries(context.req.queries()).map(([name, values]) => [name, values[1] ? values : values[0]]),
  );
  return context.json({ query, framework: "hono" });
});
app.get("/items/:id", (context) => context.json({ id: context.req.param("id") }));
app.post("/form", async (context) => context.json(await context.req.parseBody()));
app.post("/upload", async (context) => {
  const { file } = await context.req.parseBody();
  return context.json(describeFile(file.name, Buffer.from(await file.arrayBuffer())));
});
app.put("/raw", async (context) =>
  context.body(await context.req.arrayBuffer(), 200, { "Content-Type": "application/octet-stream" }),
);
app.get("/cookies", (context) => {
  for (const cookie of COOKIES) context.header("Set-Cookie", cookie, { append: true });
  return context.json({ cookie: context.req.header("cookie") ?? null });
});
app.get("/pixel", (context) => context.body(PIXEL, 200, { "Content-Type": "image/png" }));
app.get("/redirect", (context) => context.redirect("/json"));
app.get("/empty", (context) => context.body(null, 204));
app.get("/error", () => {
  throw new Error("on purpose");
});
app.get("/events", (context) =>
  streamSSE(context, async (sse) => {
    for await (const event of events()) await sse.write(event);
  }),
);
app.get("/large", (context) =>
  stream(context, async (out) => {
    for (let i = 0; i < 128; i++) await out.write(new Uint8Array(65536).fill(i));
  }),
);
