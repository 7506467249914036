"""The demo from its first line to its last."""

import json
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from billingone_api.demo.errors import DemoError
from billingone_api.demo.folder import NAME, Folder
from billingone_api.demo.screen import Screen, curl_lines
from billingone_api.demo.stack import Stack, running_stack
from billingone_api.demo.story import Story
from billingone_api.embedded.errors import EmbeddedServerError

_PAUSE_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for on the command line; `scale` is the number of clients."""

    once: bool = False
    machine_reads: bool = False
    fresh: bool = False
    scale: int = 60


def run(wishes: Wishes, *, project: Path) -> int:
    """The exit code; whatever goes wrong is told in words, and everything is stopped again."""
    screen = Screen(machine_reads=wishes.machine_reads)
    # SIGINT too: a shell that starts us in the background has it ignored.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    try:
        _perform(wishes, project, screen)
    except (DemoError, EmbeddedServerError, OSError) as error:
        screen.say(f"\n{error}")
        return 1
    except KeyboardInterrupt:
        screen.say("\nStopped. What was synced is kept; a sync under way goes on next time.")
        return 0 if not wishes.once else 130
    return 0


def _perform(wishes: Wishes, project: Path, screen: Screen) -> None:
    folder = Folder(project / NAME)
    folder.prepare(fresh=wishes.fresh)
    started = time.monotonic()
    with running_stack(folder, project=project, clients=wishes.scale, tell=screen.say) as stack:
        summary = _tell_story(stack, screen)
        summary["seconds"] = round(time.monotonic() - started, 1)
        if wishes.machine_reads:
            sys.stdout.write(json.dumps(summary) + "\n")
            sys.stdout.flush()
        if not wishes.once:
            _serve(stack, screen)


def _tell_story(stack: Stack, screen: Screen) -> dict[str, Any]:
    with Story.begin(stack) as story:
        story.push_organisation()
        clients = story.push_clients()
        screen.say(f"PanelOne pushed {story.cast.organisation['name']} and its {clients} clients.")
        billed = story.bill_month_end()
        screen.say(
            f"{len(billed['invoices'])} invoices bill what clients hold at the month's end, "
            f"with {len(billed['leaks'])} leaks among them."
        )
        story.connect_pax8()
        books = story.connect_xero()
        story.connect_superops()
        screen.say(f"Pax8 and SuperOps are connected, and Xero by consent: the books of {books}.")
        screen.say("Syncing everything …")
        with screen.progress() as watch:
            sync = story.sync_all(watch)
        screen.outcome(sync)
        aside = story.set_services_aside(billed["services"])
        screen.say(f"{aside} descriptions of invoice lines are set aside as work of its own.")
        rules = story.confirm_presets()
        screen.say(f"{rules} presets are confirmed as count rules; taking a snapshot …")
        snapshot = story.snapshot()
        dashboard, top = story.dashboard(), story.top_clients()
        screen.cards(dashboard)
        screen.snapshot(snapshot, dashboard["under_licensed"])
        screen.invoices(dashboard)
        screen.clients(top)
        screen.what_to_try(stack.api_url, stack.sandbox_url, story.cast.tokens)
        return {
            "api_url": stack.api_url,
            "reference_url": f"{stack.api_url}/docs",
            "sandbox_url": stack.sandbox_url,
            "tokens": dict(story.cast.tokens),
            "curl": list(curl_lines(stack.api_url)),
            "sync": sync,
            "snapshot": snapshot,
            "cards": dashboard["cards"],
            "top_clients": top,
        }


def _serve(stack: Stack, screen: Screen) -> None:
    screen.say("\nServing until Ctrl-C.")
    pause = threading.Event()
    while not pause.wait(_PAUSE_SECONDS):
        stack.check()
