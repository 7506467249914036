"""What the demo prints: progress, the cards, the top clients, and what to try next."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

Json = dict[str, Any]


_NONE = "-"


class Screen:
    """A terminal; with `machine_reads` people's words go to stderr and stdout stays a program's."""

    def __init__(self, *, machine_reads: bool) -> None:
        self._console = Console(stderr=machine_reads, highlight=False)

    def say(self, words: str = "") -> None:
        self._console.print(words, markup=False, soft_wrap=True)

    @contextmanager
    def progress(self) -> Iterator[Callable[[Json], None]]:
        """A bar for each step of each run, fed with the sync's states."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[words]}"),
        )
        with Progress(*columns, console=self._console) as bars:
            yield _Bars(bars)

    def outcome(self, sync: Json) -> None:
        for run in sync["runs"]:
            self.say(f"{run['source']}: {run['status']}")
            if run["problem"]:
                self.say(f"  {run['problem']['detail']}")
            for step in run["steps"]:
                self.say(f"  {step['name']}: {_counts(step['counts'])}")
                if step["notice"]:
                    self.say(f"    {step['notice']}")

    def cards(self, dashboard: Json) -> None:
        table = Table("Card", "Value", "Why", title=f"Dashboard, {dashboard['day']}")
        for name, card in (dashboard["cards"] | dashboard["receivables"]).items():
            table.add_row(_title(name), _card_value(name, card), card["detail"] or "")
        self._console.print(table)

    def snapshot(self, snapshot: Json, worst: Json) -> None:
        """The clients that use most of what they do not pay for, and what nobody could compare."""
        numbers = snapshot["summary"]
        said = ", ".join(
            f"{numbers[status]} {status.replace('_', ' ')}"
            for status in ("under_licensed", "over_licensed", "matched", "no_data")
        )
        title = f"Licences, {snapshot['day']}: {snapshot['outcome']} ({said})"
        table = Table("Under-licensed", title=title)
        for name in ("Variance", "A month"):
            table.add_column(name, justify="right")
        for row in worst["clients"]:
            table.add_row(row["client_name"], row["variance"], _per_currency(row["at_stake"]))
        self._console.print(table)
        for doubt in snapshot["coverage"]["doubts"]:
            self.say(f"  {doubt.replace('_', ' ')}")

    def invoices(self, dashboard: Json) -> None:
        table = Table("Client", "Number", "Badge", "Due", title="Latest invoices")
        table.add_column("Amount due", justify="right")
        for row in dashboard["latest_invoices"]["value"] or ():
            shown = (row["client_name"], row["number"], row["badge"], row["due_on"])
            table.add_row(*(word or _NONE for word in shown), _money(row["amount_due"]))
        self._console.print(table)

    def clients(self, rows: Sequence[Json]) -> None:
        table = Table("Client", title="Top clients by MRR")
        table.add_column("MRR", justify="right")
        table.add_column("Subscriptions", justify="right")
        for row in rows:
            monthly = _per_currency(row["mrr"]["by_currency"])
            count = row["active_subscriptions"]["value"]
            table.add_row(row["name"], monthly, _NONE if count is None else str(count))
        self._console.print(table)

    def what_to_try(self, api_url: str, sandbox_url: str, tokens: Mapping[str, str]) -> None:
        self.say(f"\nThe reference, to read and to try out:  {api_url}/docs")
        self.say("\nA token for each role, good for an hour:")
        for role, token in tokens.items():
            self.say(f"\n{role.upper()}={token}")
        self.say("\nThings to try:\n")
        for line in curl_lines(api_url):
            self.say(f"  {line}")
        self.say(f"\nAnother token:  curl -s -d role=Finance {sandbox_url}/panelone/token")


def curl_lines(api_url: str) -> tuple[str, ...]:
    bearer = '-H "Authorization: Bearer $FINANCE"'
    return (
        f"curl -s {bearer} {api_url}/v1/dashboard",
        f"curl -s {bearer} '{api_url}/v1/subscriptions?badge=active&sort=-total&limit=5'",
        f"curl -s {bearer} '{api_url}/v1/invoices?badge=overdue&sort=-amount_due&limit=5'",
        f"curl -s {bearer} {api_url}/v1/reconciliation/snapshots?limit=1",
        f"curl -s {bearer} '{api_url}/v1/inventory/devices?metric=servers&counted=true&limit=5'",
        f"curl -s {bearer} '{api_url}/v1/reconciliation/four-way?has_leak=true&limit=5'",
        f"curl -s {bearer} --json '{{}}' {api_url}/v1/syncs",
    )


class _Bars:
    """Keeps a bar for each step it hears of."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[tuple[str, str], TaskID] = {}

    def __call__(self, sync: Json) -> None:
        for run in sync["runs"]:
            for step in run["steps"]:
                self._show(run, step)

    def _show(self, run: Json, step: Json) -> None:
        key = (run["id"], step["name"])
        if key not in self._tasks:
            name = f"{run['source']} {step['name']}"
            self._tasks[key] = self._bars.add_task(name, total=None, words="")
        words = run["problem"]["detail"] if run["problem"] else step["status"]
        self._bars.update(
            self._tasks[key], completed=step["done"], total=step["total"], words=words
        )


def _counts(counts: Json) -> str:
    return ", ".join(f"{n} {word}" for word, n in counts.items() if n) or "nothing to do"


def _title(name: str) -> str:
    return "MRR" if name == "mrr" else name.replace("_", " ").capitalize()


def _card_value(name: str, card: Json) -> str:
    value = card["value"]
    if value is None:
        return _NONE
    if name == "mrr":
        return _monthly(value)
    if not isinstance(value, dict):
        return str(value)
    count = str(value["count"])
    return f"{count}\n{_per_currency(value['amounts'])}" if value.get("amounts") else count


def _monthly(value: Json) -> str:
    lines = [_money(part["mrr"]) for part in value["currencies"]]
    total = value["reporting"]["amount"]
    return "\n".join([*lines, f"all: {_money(total)}" if total else "all: a rate is missing"])


def _per_currency(amounts: Sequence[Json]) -> str:
    return "\n".join(_money(amount) for amount in amounts) or _NONE


def _money(money: Json | None) -> str:
    return _NONE if money is None else f"{money['currency']} {_grouped(money['amount'])}"


def _grouped(amount: str) -> str:
    whole, point, fraction = amount.partition(".")
    return f"{int(whole):,}{point}{fraction}"
