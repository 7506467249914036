"""What must hold: at every commit of a batch, and at the end when nothing goes wrong any more."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.simulation.pax8 import LISTS, Account, people_of

Fetch = Callable[..., Awaitable[Sequence[Mapping[str, Any]]]]

_AFTER_A_BATCH = """
SELECT (SELECT json_agg(w.what) FROM simulated.seen_wrong w WHERE organisation_id = $1) AS wrong,
       (SELECT json_agg(json_build_array(b.kind, b.source_id)) FROM simulated.buried b
        WHERE organisation_id = $1) AS buried,
       (SELECT json_agg(json_build_object(
          'name', s.name, 'done', s.done, 'checkpoint', s.checkpoint, 'run', s.run_id::text,
          'seen', (SELECT coalesce(json_agg(n.source_id), '[]') FROM public.sync_seen n
                   WHERE n.organisation_id = $1 AND n.run_id = s.run_id AND n.kind = s.name)))
        FROM public.sync_steps s JOIN public.sync_runs r
          ON r.organisation_id = s.organisation_id AND r.id = s.run_id
        WHERE s.organisation_id = $1 AND r.finished_at IS NULL
          AND s.name IN ('companies', 'subscriptions')
          AND s.checkpoint IS NOT NULL) AS steps,
       (SELECT coalesce(json_agg(x.source_id), '[]') FROM (
          SELECT 'c' || source_id AS source_id FROM public.pax8_companies
          WHERE organisation_id = $1 AND gone_at IS NULL
          UNION ALL SELECT 's' || source_id FROM public.subscriptions
          WHERE organisation_id = $1 AND gone_at IS NULL
          UNION ALL SELECT left(kind, 1) || record_key FROM public.quarantined_records
          WHERE organisation_id = $1) x) AS kept
"""
_RUNS = """
SELECT r.id, r.status, r.problem, r.finished_at IS NOT NULL AS is_over,
       (SELECT json_agg(s.notice) FROM public.sync_steps s
        WHERE s.organisation_id = r.organisation_id AND s.run_id = r.id
          AND s.notice IS NOT NULL) AS notices
FROM public.sync_runs r WHERE r.organisation_id = $1
"""
_STATUS = """
SELECT r.status, r.problem FROM public.sync_members m JOIN public.sync_runs r
  ON r.organisation_id = m.organisation_id AND r.id = m.run_id
WHERE m.organisation_id = $1 AND m.sync_id = $2
"""
_LEFT_OVER = """
SELECT 'due: ' || kind AS what FROM public.due_work
WHERE organisation_id = $1 AND kind = 'sync'
UNION ALL SELECT 'seen: ' || kind FROM public.sync_seen WHERE organisation_id = $1
UNION ALL SELECT 'waits: ' || status FROM public.sync_runs
WHERE organisation_id = $1 AND finished_at IS NULL
UNION ALL SELECT 'no due work: ' || r.id FROM public.sync_runs r
WHERE organisation_id = $1 AND finished_at IS NULL AND NOT EXISTS (
  SELECT FROM public.due_work d WHERE d.organisation_id = $1 AND d.key = r.id::text)
"""
_HISTORY = """
SELECT s.source_id FROM public.subscriptions s WHERE s.organisation_id = $1 AND (
  s.version <> (SELECT count(*) FROM public.subscription_versions v
                WHERE v.organisation_id = $1 AND v.subscription_id = s.id)
  OR NOT EXISTS (SELECT FROM public.subscription_versions v
                 WHERE v.organisation_id = $1 AND v.subscription_id = s.id
                   AND v.version = s.version AND v.quantity IS NOT DISTINCT FROM s.quantity
                   AND v.gone_at IS NOT DISTINCT FROM s.gone_at))
"""
_ROWS = """
SELECT 'companies' AS kind, source_id, name AS value, gone_at IS NOT NULL AS is_gone
FROM public.pax8_companies WHERE organisation_id = $1
UNION ALL SELECT 'subscriptions', source_id, trim_scale(quantity)::text, gone_at IS NOT NULL
FROM public.subscriptions WHERE organisation_id = $1
"""

_PEOPLE = """
SELECT source_id, name FROM public.pax8_contacts WHERE organisation_id = $1 AND gone_at IS NULL
"""


class Violation(Exception):
    """Something happened that must not; the seed makes it happen again."""


@dataclass
class Checks:
    """Holds one organisation's rows to its account."""

    organisation_id: UUID
    account: Account
    fetch: Fetch
    burials: int = 0
    is_confirmed: bool = False
    """Whether a person has said that what is missing has gone."""

    async def after_a_batch(self) -> None:
        (found,) = await self.fetch(_AFTER_A_BATCH, self.organisation_id)
        _none("at a commit", json.loads(found["wrong"] or "[]"))
        kept = set(json.loads(found["kept"]))
        for step in json.loads(found["steps"] or "[]"):
            self._behind_the_checkpoint(step, kept)
        self._buried(json.loads(found["buried"] or "[]"), len(kept))

    def _behind_the_checkpoint(self, step: dict[str, Any], kept: set[str]) -> None:
        """Rows, what was seen and what was counted are at least as far as the checkpoint."""
        kind, checkpoint, seen = step["name"], step["checkpoint"], set(step["seen"])
        if step["done"] != checkpoint["read_before"] + len(seen):
            raise Violation(f"{kind}: {step['done']} counted, {len(seen)} seen: {checkpoint}")
        if lost := [one for one in seen if kind[0] + one not in kept]:
            raise Violation(f"{kind}: seen and not kept: {sorted(lost)}")
        if checkpoint["is_done"]:
            return
        for page in range(checkpoint["page"]):
            answers = self.account.served.get((kind, page), [])
            if not any(ids <= seen for ids in answers):
                raise Violation(f"{kind}: the checkpoint is past page {page}, its rows are not")

    def _buried(self, burials: Sequence[tuple[str, str]], left: int) -> None:
        """No row is removed whose record was in the list since before the list was read."""
        new = burials[self.burials :]
        if len(new) > 10 and len(new) > 0.2 * (left + len(new)) and not self.is_confirmed:
            raise Violation(f"{len(new)} rows were removed at once, and nobody had confirmed it")
        for kind, source_id in new:
            since = self.account.since.get((kind, source_id))
            if since is not None and since < self.account.began[kind]:
                raise Violation(f"{kind}: {source_id} was removed and is there since {since:.1f}")
        self.burials = len(burials)

    async def runs(self) -> Sequence[Mapping[str, Any]]:
        return await self.fetch(_RUNS, self.organisation_id)

    async def got_through(self, sync_id: UUID) -> None:
        (run,) = await self.fetch(_STATUS, self.organisation_id, sync_id)
        if run["status"] not in {"succeeded", "partial"}:
            raise Violation(f"the last sync {run['status']}: {run['problem']}")

    async def at_the_end(self) -> None:
        await self.after_a_batch()
        left = await self.fetch(_LEFT_OVER, self.organisation_id)
        _none("left over", [row["what"] for row in left])
        wrong = [row["source_id"] for row in await self.fetch(_HISTORY, self.organisation_id)]
        _none("without its versions", wrong)
        rows = await self.fetch(_ROWS, self.organisation_id)
        kept = {(row["kind"], row["source_id"]): row for row in rows}
        for kind in LISTS:
            self._equals(kind, kept)
        people = await self.fetch(_PEOPLE, self.organisation_id)
        self._people({row["source_id"]: row["name"] for row in people})

    def _equals(self, kind: str, kept: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
        live = {key[1]: row for key, row in kept.items() if key[0] == kind and not row["is_gone"]}
        there = {record["id"]: record for record in self.account.lists[kind]}
        readable = {name for name, record in there.items() if "spoilt" not in record}
        _none(f"{kind} missing", sorted(readable - live.keys()))
        _none(f"{kind} too many", sorted(live.keys() - there.keys()))
        for name in readable:
            value = str(there[name]["name" if kind == "companies" else "quantity"])
            if live[name]["value"] != value:
                raise Violation(f"{kind} {name} is {live[name]['value']}, Pax8 says {value}")

    def _people(self, kept: dict[str, str]) -> None:
        """Of a company that cannot be read nobody knows whether its people are news."""
        companies = self.account.lists["companies"]
        spoilt = tuple(f"{company['id']}-" for company in companies if "spoilt" in company)
        there = {
            person["id"]: person["lastName"]
            for company in companies
            for person in people_of(company)
        }
        wrong = {
            source_id
            for source_id, _ in kept.items() ^ there.items()
            if not source_id.startswith(spoilt)
        }
        _none("people not as Pax8 says", sorted(wrong))


def _none(what: str, found: Sequence[Any]) -> None:
    if found:
        raise Violation(f"{what}: {found}")
