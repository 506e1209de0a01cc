// A browser in front of a function's URL: node browser.mjs PAGE_URL EVENTS_URL FILE
// Opens the page, sends its form, uploads the file, and listens to the events. Prints what it saw as JSON.
import puppeteer from "puppeteer-core";

const [pageUrl, eventsUrl, file] = process.argv.slice(2);
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});

async function submit(page, form) {
  await Promise.all([page.waitForNavigation(), page.click(`#${form} button`)]);
  return JSON.parse(await page.evaluate(() => document.body.innerText));
}

try {
  const page = await browser.newPage();
  const answer = await page.goto(pageUrl);
  const seen = { status: answer.status(), title: await page.title() };
  await page.type("#form input", "größer & 2");
  seen.form = await submit(page, "form");
  await page.goto(pageUrl);
  await (await page.$("#upload input")).uploadFile(file);
  seen.upload = await submit(page, "upload");
  await page.goto(new URL("/cookies", pageUrl).href);
  await page.goto(new URL("/cookies", pageUrl).href);
  seen.cookies = JSON.parse(await page.evaluate(() => document.body.innerText)).cookie;
  await page.goto(eventsUrl);
  seen.events = await page.evaluate(
    (url) =>
      new Promise((resolve) => {
        const events = [];
        const source = new EventSource(url);
        source.onmessage = (event) =>
          events.push({ id: event.lastEventId, made: Number(event.data), came: Date.now() });
        source.onerror = () => {
          source.close();
          resolve(events);
        };
      }),
    new URL("/events", eventsUrl).href,
  );
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}
