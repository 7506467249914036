"""The door of count rules: presets, rules, trials, and products that no rule covers."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import AfterValidator

from billingone_api.billing.reconciliation.models import Rule
from billingone_api.billing.reconciliation.presets import PRESETS
from billingone_api.billing.reconciliation.schemas.products import (
    CountPresetsOut,
    SetAsideDone,
    SetAsideIn,
    UnmappedProductOut,
    UnmappedProductPage,
    UnmappedProductsQuery,
)
from billingone_api.billing.reconciliation.schemas.rules import (
    RuleDetailOut,
    RuleFactsOut,
    RuleIn,
    RuleOut,
    RulePage,
    RulesQuery,
)
from billingone_api.billing.reconciliation.schemas.trials import RuleTrial, TrialOut
from billingone_api.billing.reconciliation.service import rules as service
from billingone_api.billing.reconciliation.wiring import (
    TheDesk,
    TheReconciliationSettings,
    TheRules,
    TheShelf,
    TheTrials,
    Writer,
    read_reconciliation,
    with_fresh_counts,
    write_reconciliation,
)
from billingone_api.kit.errors import NotFound
from billingone_api.kit.etags import IfMatch, expected_version, tag_with_state, tagged
from billingone_api.kit.events import changed
from billingone_api.kit.idempotency import Once, harmless
from billingone_api.kit.ids import new_id
from billingone_api.kit.openapi import problems
from billingone_api.kit.text import storable
from billingone_api.request import TheProcess, Work

router = APIRouter(prefix="/reconciliation", tags=["reconciliation"], route_class=Once)

RuleId = Annotated[UUID, Path(description="Which rule, by its id.")]
ProductId = Annotated[
    str,
    Path(min_length=1, max_length=200, description="Pax8's id of the product."),
    AfterValidator(storable),
]
_READS: Final = [Depends(read_reconciliation)]


@router.get(
    "/presets",
    operation_id="list_count_presets",
    summary="Rules for common products, with what they recognise here",
    dependencies=_READS,
)
async def list_count_presets(shelf: TheShelf, rules: TheRules) -> CountPresetsOut:
    """Proposals: nothing of them counts until somebody creates a rule with the products meant."""
    patterns = [
        {"key": preset.key, "metric": preset.metric, "pattern": pattern}
        for preset in PRESETS
        for pattern in preset.patterns
    ]
    found, begun = await shelf.proposed(patterns), await rules.presets()
    return CountPresetsOut.model_validate(
        {
            "presets": [
                {
                    "key": preset.key,
                    "name": preset.name,
                    "metric": preset.metric,
                    "patterns": list(preset.patterns),
                    "ratio": str(preset.ratio),
                    "rules": begun.get(preset.key, 0),
                    "products": [_proposed(row) for row in found.get(preset.key, ())],
                }
                for preset in PRESETS
            ]
        }
    )


@router.get(
    "/rules", operation_id="list_count_rules", summary="Count rules, by name", dependencies=_READS
)
async def list_count_rules(
    query: Annotated[RulesQuery, Query()], rules: TheRules, process: TheProcess
) -> RulePage:
    """Which products' seats count against which metric; `q` finds part of a name."""
    page = await rules.page(query.page(), cursors=process.cursors)
    return RulePage(
        items=[RuleOut.of(rule) for rule in page.items],
        next_cursor=page.next_cursor,
        total=page.total,
    )


@router.get(
    "/rules/{rule_id}",
    operation_id="get_count_rule",
    summary="One count rule with its versions",
    responses=tagged(),
    dependencies=_READS,
)
async def get_count_rule(
    rule_id: RuleId, rules: TheRules, shelf: TheShelf, response: Response
) -> RuleDetailOut:
    """Every version there was, and products that its patterns would add."""
    return await _detail(await service.found_rule(rules, rule_id), rules, shelf, response)


@router.post(
    "/rules",
    operation_id="create_count_rule",
    summary="Let products count against a metric",
    status_code=201,
    responses=problems(409),
)
async def create_count_rule(
    body: RuleIn,
    caller: Writer,
    rules: TheRules,
    process: TheProcess,
    work: Work,
    request: Request,
    response: Response,
) -> RuleOut:
    """Whoever sends it confirms its products; the next snapshot goes by it.

    A product that another active rule counts against the same metric is refused.
    """
    now = process.clock.now()
    rule = Rule(new_id(), body.facts(by=caller.label), version=1, created_at=now, changed_at=now)
    made = await service.create_rule(rule, rules, tell=work.tell)
    response.headers["Location"] = str(request.app.url_path_for("get_count_rule", rule_id=made.id))
    return RuleOut.of(made)


@router.post(
    "/rules:dry-run",
    operation_id="try_count_rule",
    summary="See what a rule would change",
    responses=problems(404, 409),
    dependencies=[Depends(write_reconciliation)],
)
@harmless
async def try_count_rule(
    body: RuleTrial,
    caller: Writer,
    rules: TheRules,
    trials: TheTrials,
    settings: TheReconciliationSettings,
    process: TheProcess,
    work: Work,
) -> TrialOut:
    """With the seats and counts of this moment, client by client; nothing is kept."""
    now = process.clock.now()
    before = None if body.rule_id is None else await service.found_rule(rules, body.rule_id)
    id_ = new_id() if before is None else before.id
    rule = Rule(id_, body.facts(by=caller.label), version=1, created_at=now, changed_at=now)
    await service.judge(rule, rules)
    known = await settings.read()
    await trials.take_turn()
    await with_fresh_counts(work, known, now=now)
    found = await trials.difference(before, rule, settings=known, now=now)
    return TrialOut.model_validate(found)


@router.put(
    "/rules/{rule_id}",
    operation_id="update_count_rule",
    summary="Change a count rule",
    responses=problems(409, 412, 428) | tagged(is_read=False),
)
async def update_count_rule(
    rule_id: RuleId,
    body: RuleIn,
    desk: TheDesk,
    work: Work,
    response: Response,
    if_match: IfMatch = None,
) -> RuleDetailOut:
    """A new version; snapshots that were taken stay with the one they froze.

    A retired rule counts again.
    """
    news = await service.change_rule(
        rule_id,
        body.facts(by=desk.by),
        desk.rules,
        expected=expected_version(if_match),
        now=desk.now,
        tell=work.tell,
    )
    return await _detail(news, desk.rules, desk.shelf, response)


@router.delete(
    "/rules/{rule_id}",
    operation_id="retire_count_rule",
    summary="Let a count rule count no more",
)
async def retire_count_rule(
    rule_id: RuleId, caller: Writer, rules: TheRules, process: TheProcess, work: Work
) -> RuleOut:
    """It is kept with its versions, for snapshots rest on them."""
    retired = await service.retire_rule(
        rule_id, rules, by=caller.label, now=process.clock.now(), tell=work.tell
    )
    return RuleOut.of(retired)


@router.get(
    "/products/unmapped",
    operation_id="list_unmapped_products",
    summary="Products that no rule covers, most money first",
    dependencies=_READS,
)
async def list_unmapped_products(
    query: Annotated[UnmappedProductsQuery, Query()], shelf: TheShelf, process: TheProcess
) -> UnmappedProductPage:
    """What clients hold and nothing is compared with, and what it brings a month."""
    page = await shelf.unmapped(query.page(), cursors=process.cursors)
    return UnmappedProductPage.model_validate(
        {
            "items": [UnmappedProductOut.row(row) for row in page.items],
            "next_cursor": page.next_cursor,
            "total": page.total,
        }
    )


@router.put(
    "/products/{source_id}/set-aside",
    operation_id="set_product_aside",
    summary="Say that no rule has to cover a product",
)
async def set_product_aside(
    source_id: ProductId,
    body: SetAsideIn,
    caller: Writer,
    rules: TheRules,
    shelf: TheShelf,
    process: TheProcess,
    work: Work,
) -> SetAsideDone:
    """It is no longer listed as unmapped, and counted as set aside; the same again is the same."""
    if await rules.unknown_products([source_id]):
        raise NotFound
    now = process.clock.now()
    before = await shelf.set_aside(source_id, reason=body.reason, by=caller.label, at=now)
    if before != body.reason:
        old = None if before is None else {"reason": before}
        after = {"reason": body.reason}
        work.tell(changed("product.set_aside", "product", source_id, before=old, after=after))
    return SetAsideDone(source_id=source_id, reason=body.reason, set_by=caller.label, set_at=now)


@router.delete(
    "/products/{source_id}/set-aside",
    operation_id="unset_product_aside",
    summary="List a product as unmapped again",
    status_code=204,
)
async def unset_product_aside(source_id: ProductId, _: Writer, shelf: TheShelf, work: Work) -> None:
    """Unless a rule covers it."""
    before = await shelf.take_back(source_id)
    if before is None:
        raise NotFound
    old = {"reason": before}
    work.tell(changed("product.taken_back", "product", source_id, before=old, after=None))


async def _detail(
    rule: Rule, rules: TheRules, shelf: TheShelf, response: Response
) -> RuleDetailOut:
    patterns = [
        {"key": "rule", "metric": rule.facts.metric, "pattern": pattern}
        for pattern in rule.facts.patterns
    ]
    found = await shelf.proposed(patterns) if patterns else {}
    versions = await rules.versions(rule.id)
    shown = RuleDetailOut.model_validate(
        RuleOut.of(rule).model_dump()
        | {
            "versions": [RuleFactsOut.told(one["facts"]) | one for one in versions],
            "proposed": [_proposed(row) for row in found.get("rule", ())],
        }
    )
    tag_with_state(response, version=rule.version, state=shown.model_dump_json())
    return shown


def _proposed(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "seats": str(row["seats"])}
