"""Compares seats with counts by rules, as SQL over any tables of the three: one line for each.

The verdict of a line is made here alone, for snapshots and for dry runs.
"""

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Numeric,
    Select,
    Text,
    Uuid,
    and_,
    case,
    cast,
    column,
    exists,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.dialects.postgresql import distinct_on

from billingone_api.billing.definitions.models import PARTS, Badge
from billingone_api.billing.reconciliation.models import LineStatus, NoData, NoStake
from billingone_api.database.words import word

RULE: Final = (
    "rule_id", "version", "metric", "products", "ratio", "minimum", "tolerance_units",
    "tolerance_percent", "tolerance_amount", "tolerance_currency", "exclusions",
)  # fmt: skip
"""What a row of `rules` has."""
LINE: Final = (
    "client_id", "rule_id", "metric", "actual", "required", "licensed", "trial", "variance",
    "status", "reason", "is_tolerated", "unit_parts", "currency", "stake_parts", "stake_reason",
    "facts",
)  # fmt: skip
"""What a line has."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Where the three sides of a comparison are read; `name` keeps two of them apart in one query.

    `seats` are those of active and trial subscriptions, `counts` one for each client and metric.
    """

    seats: FromClause
    counts: FromClause
    rules: FromClause
    knows_sell_price: bool
    name: str = ""

    def lines(self) -> Select[Any]:
        """One row of `LINE` for each client and rule with seats, or with a count above 0."""
        left_out = self._left_out()
        held = self._held(left_out)
        holding, price = self._holding(held), self._price(held)
        key = self._keys(holding, left_out)
        one = self._one(key, holding, price)
        judged = self._judged(one)
        return select(*(self._shown(judged)[name].label(name) for name in LINE))

    def _left_out(self) -> CTE:
        each = (
            func.jsonb_to_recordset(self.rules.c.exclusions)
            .table_valued(column("client_id", Uuid), column("product_id", Text), name="each")
            .render_derived(with_types=True)
        )
        return (
            select(self.rules.c.rule_id, each.c.client_id, each.c.product_id)
            .select_from(self.rules.join(each, true()))
            .cte(f"left_out{self.name}")
        )

    def _held(self, left_out: CTE) -> CTE:
        covered = select(
            self.rules.c.rule_id, func.unnest(self.rules.c.products).label("product_id")
        ).cte(f"covered{self.name}")
        seat = self.seats.c
        is_left_out = exists().where(
            left_out.c.rule_id == covered.c.rule_id,
            left_out.c.client_id == seat.client_id,
            or_(left_out.c.product_id.is_(None), left_out.c.product_id == seat.product_id),
        )
        return (
            select(
                covered.c.rule_id,
                *(
                    seat[name]
                    for name in (
                        "client_id", "badge", "quantity", "unit_parts", "currency",
                        "is_usage_billed",
                    )
                ),
            )
            .select_from(self.seats.join(covered, covered.c.product_id == seat.product_id))
            .where(~is_left_out)
            .cte(f"held{self.name}")
        )  # fmt: skip

    def _holding(self, held: CTE) -> CTE:
        of, zero = held.c, literal_column("0", Numeric)
        on_trial = of.badge == word(Badge.TRIAL)
        return (
            select(
                of.client_id,
                of.rule_id,
                func.coalesce(func.sum(of.quantity), zero).label("seats"),
                func.coalesce(func.sum(of.quantity).filter(on_trial), zero).label("on_trial"),
                func.bool_or(of.quantity.is_(None)).label("is_unknown"),
                func.bool_or(of.is_usage_billed).label("is_usage_billed"),
            )
            .group_by(of.client_id, of.rule_id)
            .cte(f"holding{self.name}")
        )

    def _price(self, held: CTE) -> CTE:
        """The lowest that is known, in the currency that holds most seats."""
        of = held.c
        priced = (
            select(
                of.client_id,
                of.rule_id,
                of.currency,
                func.sum(of.quantity).label("seats"),
                func.min(of.unit_parts).label("unit_parts"),
            )
            .where(of.badge == word(Badge.ACTIVE), of.unit_parts.is_not(None))
            .group_by(of.client_id, of.rule_id, of.currency)
            .subquery("priced")
        )
        of = priced.c
        return (
            select(of.client_id, of.rule_id, of.currency, of.unit_parts)
            .ext(distinct_on(of.client_id, of.rule_id))
            .order_by(of.client_id, of.rule_id, of.seats.desc().nulls_last(), of.currency)
            .cte(f"price{self.name}")
        )

    def _keys(self, holding: CTE, left_out: CTE) -> CTE:
        of, rule = self.counts.c, self.rules.c
        is_left_out = exists().where(
            left_out.c.rule_id == rule.rule_id,
            left_out.c.client_id == of.client_id,
            left_out.c.product_id.is_(None),
        )
        counted = (
            select(of.client_id, rule.rule_id)
            .select_from(self.counts.join(self.rules, rule.metric == of.metric))
            .where(of["count"] > 0, ~is_left_out)
        )
        return union(select(holding.c.client_id, holding.c.rule_id), counted).cte(
            f"keys{self.name}"
        )

    def _one(self, key: CTE, holding: CTE, price: CTE) -> CTE:
        rule, count = self.rules.c, self.counts.c
        zero = literal_column("0", Numeric)
        same = [and_(of.c.client_id == key.c.client_id, of.c.rule_id == key.c.rule_id)
                for of in (holding, price)]  # fmt: skip
        reason = case(
            (count["count"].is_(None), word(NoData.NO_COUNT)),
            (count.is_stale, word(NoData.COUNT_STALE)),
            (holding.c.is_unknown, word(NoData.QUANTITY_UNKNOWN)),
            (holding.c.is_usage_billed, word(NoData.USAGE_BILLED)),
            else_=null(),
        )
        actual = case((count.is_stale, null()), else_=cast(count["count"], Numeric))
        knows_seats = ~func.coalesce(or_(holding.c.is_unknown, holding.c.is_usage_billed), false())
        return (
            select(
                key.c.client_id,
                *(rule[name] for name in RULE if name not in {"products", "exclusions"}),
                reason.label("reason"),
                actual.label("actual"),
                case((actual.is_(None), null()), else_=func.greatest(actual, rule.minimum)).label(
                    "required"
                ),
                *(
                    case(
                        (knows_seats, func.coalesce(holding.c[seats], zero) * rule.ratio),
                        else_=null(),
                    ).label(label)
                    for seats, label in (("seats", "licensed"), ("on_trial", "trial"))
                ),
                price.c.unit_parts,
                price.c.currency,
            )
            .select_from(
                key.join(self.rules, rule.rule_id == key.c.rule_id)
                .outerjoin(holding, same[0])
                .outerjoin(price, same[1])
                .outerjoin(
                    self.counts,
                    and_(count.client_id == key.c.client_id, count.metric == rule.metric),
                )
            )
            .cte(f"one{self.name}")
        )

    def _judged(self, one: CTE) -> CTE:
        of = one.c
        variance = case((of.reason.is_(None), of.required - of.licensed), else_=null())
        stake = func.abs(variance) * of.unit_parts
        amount = of.tolerance_amount * literal_column(str(PARTS), Numeric)
        is_small = or_(
            func.abs(variance) <= of.tolerance_units,
            func.abs(variance) * 100 <= of.tolerance_percent * of.required,
            and_(of.currency == of.tolerance_currency, stake <= amount),
        )
        return select(
            *of,
            variance.label("variance"),
            stake.label("stake_parts"),
            func.coalesce(is_small, false()).label("is_small"),
        ).cte(f"judged{self.name}")

    def _shown(self, judged: CTE) -> dict[str, ColumnElement[Any]]:
        of = judged.c
        no_price = NoStake.PRICE_UNKNOWN if self.knows_sell_price else NoStake.SELL_PRICE_UNKNOWN
        facts = ("version", "licensed", "actual", "unit_parts", "currency")
        written = (func.coalesce(_plain(of[name]), word("-")) for name in facts)
        return {name: of[name] for name in LINE if name in of} | {
            "status": case(
                (of.reason.is_not(None), word(LineStatus.NO_DATA)),
                (or_(of.is_small, of.variance == 0), word(LineStatus.MATCHED)),
                (of.variance > 0, word(LineStatus.UNDER_LICENSED)),
                else_=word(LineStatus.OVER_LICENSED),
            ),
            "is_tolerated": func.coalesce(and_(of.is_small, of.variance != 0), false()),
            "stake_reason": case(
                (of.reason.is_not(None), word(NoStake.NO_DATA)),
                (of.unit_parts.is_(None), word(no_price)),
                else_=null(),
            ),
            "facts": func.md5(func.concat_ws("|", *written)),
        }


def _plain(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """As text that is the same for the same number, however many noughts it came with."""
    is_number = isinstance(value.type, Numeric)
    return cast(func.trim_scale(value) if is_number else value, Text)
