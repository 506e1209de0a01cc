import express from "express";
import multer from "multer";
import { COOKIES, PAGE, PIXEL, describeFile } from "./app.mjs";

export const app = express();
const upload = multer({ storage: multer.memoryStorage() });

app.get("/", (request, response) => response.type("html").send(PAGE));
app.get("/json", (request, response) => response.json({ query: request.query, framework: "express" }));
app.get("/items/:id", (request, response) => response.json({ id: request.params.id }));
app.post("/form", express.urlencoded(), (request, response) => response.json(request.body));
app.post("/upload", upload.single("file"), (request, response) =>
  response.json(describeFile(request.file.originalname, request.file.buffer)),
);
app.put("/raw", express.raw({ type: "*/*", limit: "1mb" }), (request, response) =>
  response.type("application/octet-stream").send(request.body),
);
app.get("/cookies", (request, response) => {
  response.setHeader("Set-Cookie", COOKIES);
  response.json({ cookie: request.headers.cookie ?? null });
});
app.get("/pixel", (request, response) => response.type("png").send(PIXEL));
app.get("/redirect", (request, response) => response.redirect("/json"));
app.get("/empty", (request, response) => response.status(204).end());
app.get("/error", () => {
  throw new Error("on purpose");
});

// Of its own: Express's needs more of a socket than serverless-express has.
app.use((request, response) => response.status(404).json({ path: request.path }));
app.use((error, request, response, next) => response.status(500).json({ error: error.message }));
