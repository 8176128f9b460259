// Writes down what clients offer: each body that is POSTed to /NAME becomes DIRECTORY/NAME.sdp,
// byte by byte, and is refused. Prints its address.
//
//   capture-offers.mjs DIRECTORY
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { basename, join } from "node:path";

const directory = process.argv[2];
const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    if (request.method === "POST") {
      writeFileSync(join(directory, `${basename(request.url)}.sdp`), Buffer.concat(chunks));
    }
    response.writeHead(503).end("written down");
  });
});
server.listen(Number(process.argv[3] ?? 0), "127.0.0.1", () =>
  process.stdout.write(`http://127.0.0.1:${server.address().port}\n`),
);
