// A server that answers with the record of the picture that is sent to it.
//
// node examples/upload.mjs [PORT]
// curl --data-binary @photo.jpg http://localhost:8080

import { createServer } from 'node:http';
import { Screener } from 'deepscreen';

const MOST_BYTES = 20_000_000;
const screener = await Screener.create({ limits: { maxBytes: MOST_BYTES } });

async function answer(request, response) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) return response.writeHead(413).end();
    chunks.push(chunk);
  }
  const screening = await screener.screen(Buffer.concat(chunks));
  response.writeHead(200, { 'content-type': 'application/json' }).end(screening.toLine());
}

// A client that hangs up is no reason to end.
const server = createServer((request, response) => answer(request, response).catch(() => response.destroy()));
server.listen(Number(process.argv[2] ?? 8080), 'localhost', () => {
  console.log(`http://localhost:${server.address().port}`);
});
