"""Suggestions for 2,000 generated companies: how often they are right, and the time they cost."""

import time
from collections.abc import Sequence

from tests.bench.table import Figure
from tests.support.companies import Generated, generated

from billingone_api.billing.clients.matching.suggesting import Candidate, Matcher

COMPANIES = 2_000
SEEDS = (1, 2, 3)


def measure() -> list[Figure]:
    figures = []
    for seed in SEEDS:
        town = generated(seed, companies=COMPANIES)
        begun = time.process_time()
        matcher = Matcher(town.clients, town.records)
        found = {record.key: matcher.candidates(record) for record in town.records}
        took = time.process_time() - begun
        figures += _figures(seed, town, found, took)
    return figures


def _figures(
    seed: int, town: Generated, found: dict[str, Sequence[Candidate[str]]], took: float
) -> list[Figure]:
    sure = [(key, one.client) for key, each in found.items() for one in each if one.is_sure]
    wrong = [pair for pair in sure if town.truth[pair[0]] != pair[1]]
    if wrong:
        raise AssertionError(f"Seed {seed}: applied to the wrong client: {wrong}")
    told = [key for key, each in found.items() if each]
    likely = [key for key in told if found[key][0].score >= 90]
    true = [key for key, client in town.truth.items() if client is not None]
    first = [key for key in true if found[key] and found[key][0].client == town.truth[key]]
    among = [key for key in true if any(one.client == town.truth[key] for one in found[key])]
    right = sum(found[key][0].client == town.truth[key] for key in likely)
    size = f"{len(town.clients):,} x {len(town.records):,}"
    return [
        Figure(
            f"suggestions for {size} companies (seed {seed}): precision, the first one",
            f"{len(first):,} right",
            f"{len(told):,} with a suggestion",
            len(first) / len(told),
            "≥ 0.95",
        ),
        Figure(
            "the same at a score of 90 or more",
            f"{right:,} right",
            f"{len(likely):,} suggested",
            right / len(likely),
            "≥ 0.97",
        ),
        Figure(
            "recall, the first one",
            f"{len(first):,} found",
            f"{len(true):,} that are a client's",
            len(first) / len(true),
            "≥ 0.95",
        ),
        Figure(
            "recall, among the five",
            f"{len(among):,} found",
            f"{len(true):,} that are a client's",
            len(among) / len(true),
            "≥ 0.96",
        ),
        Figure("applied by themselves, wrongly", "0", f"{len(sure):,} applied", 0.0, "0"),
        Figure(
            "CPU time for all of them",
            f"{took:.1f} s",
            f"{took / len(town.records) * 50 * 1000:.0f} ms  for a page of 50",
            None,
            "",
        ),
    ]
