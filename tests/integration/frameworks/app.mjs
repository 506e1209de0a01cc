// What every framework serves here, so that one test fits all: the page, and answers as plain values.
import { createHash } from "node:crypto";

export const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>Lamb</title>
<form id="form" action="/form" method="post"><input name="word"><button>send</button></form>
<form id="upload" action="/upload" method="post" enctype="multipart/form-data">
<input type="file" name="file"><button>upload</button></form>
`;

// A PNG of one pixel: bytes that are no text.
export const PIXEL = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

export const COOKIES = ["one=1; Path=/; HttpOnly", "two=2; Path=/"];

export function describeFile(name, bytes) {
  return { name, size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

// Server-sent events, each with the time it was made, so that a reader can tell when it came.
export async function* events() {
  for (let number = 1; number <= 5; number++) {
    yield `id: ${number}\ndata: ${Date.now()}\n\n`;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
