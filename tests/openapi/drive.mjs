// Calls the functions of openapi/examples/finance.ts and prints what they gave.
const [examples, baseUrl, token, company, client] = process.argv.slice(2);
const finance = await import(`${examples}/finance.ts`);
const api = finance.connect(baseUrl, token);

const linked = await finance.link(api, company, client);
const found = await finance.clientsByMrr(api);
const refused = await finance
  .clientsByMrr(finance.connect(baseUrl, "no token"))
  .catch((error) => [error instanceof finance.Refused, error.code]);
const attempt = crypto.randomUUID();
const syncs = [await finance.sync(api, attempt), await finance.sync(api, attempt)];
console.log(
  JSON.stringify({
    linked: [linked.client_id === client, linked.moved_subscriptions],
    unknown: (await finance.link(api, company, crypto.randomUUID())) ?? null,
    clients: found.map((one) => [one.name, finance.mrrOf(one)]),
    changed: [await finance.pricesAre(api, "buy"), await finance.pricesAre(api, "sell")],
    pax8: await finance.pax8(api),
    synced: [syncs[0].status, syncs[0].id === syncs[1].id],
    refused,
  }),
);
