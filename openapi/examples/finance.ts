/** What a screen does with the client: walk a list, show money, say what went wrong, change. */
import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "../billingone.d.ts";

type Schemas = components["schemas"];
export type Api = Client<paths>;

export function connect(baseUrl: string, token: string): Api {
  return createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
}

/** An answer that is no success: `code` for the program, the message for the person. */
export class Refused extends Error {
  readonly code: Schemas["ErrorCode"];

  constructor(problem: Schemas["Problem"]) {
    super(words(problem));
    this.code = problem.code;
  }
}

function words(problem: Schemas["Problem"]): string {
  switch (problem.code) {
    case "token_expired":
    case "session_revoked":
      return "Sign in again.";
    case "validation_failed":
      return (problem.errors ?? []).map((at) => `${at.pointer}: ${at.detail}`).join(" ");
    default:
      return `${problem.detail} (${problem.request_id})`;
  }
}

/** Every page of the list: `next_cursor` goes back as `cursor`, with the same sort. */
export async function clientsByMrr(api: Api): Promise<Schemas["ClientSummary"][]> {
  const found: Schemas["ClientSummary"][] = [];
  let next: string | null = null;
  do {
    const page: { cursor?: string } = next === null ? {} : { cursor: next };
    const { data, error } = await api.GET("/v1/clients", {
      params: { query: { sort: "-mrr", limit: 2, ...page } },
    });
    if (error) throw new Refused(error);
    found.push(...data.items);
    next = data.next_cursor;
  } while (next !== null);
  return found;
}

/** Of every digit: a decimal string is formatted as it is, and never becomes a float. */
export function shown(money: Schemas["Money"]): string {
  const currency = { style: "currency", currency: money.currency } as const;
  return new Intl.NumberFormat("en-AU", currency).format(money.amount as Intl.StringNumericLiteral);
}

export function mrrOf(client: Schemas["ClientSummary"]): string {
  const { value, reason } = client.mrr;
  if (value) return shown(value);
  switch (reason) {
    case "source_not_connected":
    case "never_synced":
      return "Connect Pax8 first";
    case "not_linked":
      return "No company is linked";
    case "sell_price_unknown":
      return "Pax8's prices are costs";
    case "not_of_this_source":
      return "Pax8 says nothing of it";
    case "exchange_rate_missing":
      return client.mrr.by_currency.map(shown).join(" + ");
    default:
      return "–";
  }
}

/** Links a company to a client; undefined where the client is retired or unknown. */
export async function link(
  api: Api,
  company: string,
  client: string,
): Promise<Schemas["Holding"] | undefined> {
  const { data, error } = await api.PUT("/v1/clients/links/{source}/{source_id}", {
    params: { path: { source: "pax8", source_id: company } },
    body: { client_id: client },
  });
  if (error?.code === "client_retired" || error?.code === "client_not_found") return undefined;
  if (error) throw new Refused(error);
  return data;
}

/** Changes a setting unless somebody else did since it was read. */
export async function pricesAre(api: Api, meaning: Schemas["PriceIs"]): Promise<boolean> {
  const { error: unread, response } = await api.GET("/v1/settings/billing");
  if (unread) throw new Refused(unread);
  const { error } = await api.PATCH("/v1/settings/billing", {
    params: { header: { "If-Match": response.headers.get("ETag") ?? "" } },
    body: { pax8_price_is: meaning },
  });
  if (error?.code === "etag_mismatch") return false;
  if (error) throw new Refused(error);
  return true;
}

/** Asks for one sync, however often it is sent: `attempt` names what the person did. */
export async function sync(api: Api, attempt: string): Promise<Schemas["Sync"]> {
  const { data, error } = await api.POST("/v1/syncs", {
    params: { header: { "Idempotency-Key": attempt } },
    body: { mode: "delta" },
  });
  if (error) throw new Refused(error);
  return data;
}

/** Whether Pax8 lets us in: `ok` decides which fields there are. */
export async function pax8(api: Api): Promise<string> {
  const { data, error } = await api.POST("/v1/integrations/pax8/test");
  if (error) throw new Refused(error);
  return data.ok ? "Pax8 lets us in" : `${data.code}: ${data.detail}`;
}
