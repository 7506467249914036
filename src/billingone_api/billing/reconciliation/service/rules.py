"""Decides which rules make sense: a product counts once against a metric."""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from billingone_api.billing.reconciliation.models import Rule, RuleFacts
from billingone_api.billing.reconciliation.ports import RuleRepository
from billingone_api.kit.errors import Conflict, NotFound, Pointer, ValidationFailed
from billingone_api.kit.etags import stale
from billingone_api.kit.events import Tell, changed


class ProductCountedTwice(Conflict):
    """Seats would stand against the same count twice."""

    code = "product_counted_twice"
    title = "Another rule of this metric counts the product already"


async def create_rule(rule: Rule, rules: RuleRepository, *, tell: Tell) -> Rule:
    """Raises ValidationFailed and ProductCountedTwice."""
    await rules.take_turn()
    await judge(rule, rules)
    await rules.add(rule)
    tell(changed("count_rule.created", "count_rule", str(rule.id), before=None, after=rule.facts))
    return rule


async def change_rule(
    rule_id: UUID,
    facts: RuleFacts,
    rules: RuleRepository,
    *,
    expected: int | None,
    now: datetime,
    tell: Tell,
) -> Rule:
    """A new version; raises NotFound, PreconditionFailed, ValidationFailed, ProductCountedTwice."""
    await rules.take_turn()
    known = await found_rule(rules, rule_id)
    if expected not in {None, known.version}:
        raise stale()
    if replace(facts, changed_by=known.facts.changed_by) == known.facts:
        return known
    news = replace(known, facts=facts, version=known.version + 1, changed_at=now)
    await judge(news, rules)
    await rules.save(news)
    about = str(rule_id)
    tell(changed("count_rule.updated", "count_rule", about, before=known.facts, after=facts))
    return news


async def retire_rule(
    rule_id: UUID, rules: RuleRepository, *, by: str, now: datetime, tell: Tell
) -> Rule:
    """One that is retired already stays as it is; raises NotFound."""
    await rules.take_turn()
    known = await found_rule(rules, rule_id)
    if not known.facts.is_active:
        return known
    facts = replace(known.facts, is_active=False, changed_by=by)
    retired = replace(known, facts=facts, version=known.version + 1, changed_at=now)
    await rules.save(retired)
    about = str(rule_id)
    tell(changed("count_rule.retired", "count_rule", about, before=known.facts, after=facts))
    return retired


async def found_rule(rules: RuleRepository, rule_id: UUID) -> Rule:
    """Raises NotFound."""
    rule = await rules.find(rule_id)
    if rule is None:
        raise NotFound
    return rule


async def judge(rule: Rule, rules: RuleRepository) -> None:
    """Raises ValidationFailed and ProductCountedTwice."""
    facts = rule.facts
    flaws = _twice(facts)
    unknown = await rules.unknown_products(facts.products)
    flaws += [
        Pointer("body", f"/products/{at}", "product_unknown", "Is no product that Pax8 showed us.")
        for at, product in enumerate(facts.products)
        if product in unknown
    ]
    strangers = await rules.unknown_clients([one.client_id for one in facts.exclusions])
    flaws += [
        Pointer("body", f"/exclusions/{at}/client_id", "client_not_found", "Is no client.")
        for at, one in enumerate(facts.exclusions)
        if one.client_id in strangers
    ]
    if flaws:
        raise ValidationFailed("This rule cannot count; see `errors`.", errors=flaws)
    rival = await rules.rival(rule) if facts.is_active else None
    if rival is not None:
        name, product = rival
        raise ProductCountedTwice(
            f"The rule “{name}” counts {product} against {facts.metric} already: take it out of "
            "one of the two."
        )


def _twice(facts: RuleFacts) -> list[Pointer]:
    seen: Counter[str] = Counter()
    flaws = []
    for at, product in enumerate(facts.products):
        seen[product] += 1
        if seen[product] > 1:
            words = "Is in this rule already."
            flaws.append(Pointer("body", f"/products/{at}", "product_counted_twice", words))
    return flaws
