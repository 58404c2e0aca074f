"""Asks for what a shop needs, tests each answer as it is given, and writes the settings file."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ringbolt.app.operator.part_kinds import KINDS
from ringbolt.cli.check_result import CheckResult
from ringbolt.cli.commands import doctor_reach
from ringbolt.cli.commands.doctor import check_node
from ringbolt.cli.exit_codes import EXIT_FAILED, EXIT_OK, EXIT_USAGE
from ringbolt.cli.output import fail
from ringbolt.cli.program import command
from ringbolt.cli.run import run_in_loop
from ringbolt.cli.setup import questions, toml_file
from ringbolt.cli.setup.questions import ask, choose, confirm, say
from ringbolt.clock import SystemClock
from ringbolt.core.errors import RingboltError
from ringbolt.lightning.types import NODES
from ringbolt.registry.types import PartTypes
from ringbolt.settings import Settings, SettingsError, load_settings
from ringbolt.settings.orders import PriceSettings
from ringbolt.settings.web import WebSettings
from ringbolt.store.engine.opening import open_database

Check = Callable[[Settings], Awaitable[list[CheckResult]]]

_SIMULATED: Final = "simulated"
_NONE: Final = "none"
_HIDDEN: Final = frozenset({"memory", "pool"})
_NEEDS_A_TABLE: Final = "http"
"""A gateway that is described by tables, which are better written than asked for."""

_MEANINGS: Final = {
    _SIMULATED: "play money, phones and mailboxes of the simulated world",
    _NONE: "not sold",
    "lnd": "an LND node, over its REST address",
    "twilio": "Twilio, SignalWire, Telnyx or Somleng",
    "smsgate": "your own Android phones with the app SMSGate",
    "handler_api": "a provider with the protocol of sms-activate",
    "smtp": "a mail relay, or straight to the recipients",
}
_ASKED: Final = {
    "lnd": ("url", "macaroon", "tls_cert"),
    "smsgate": ("base_url", "username", "password", "signing_key", "numbers"),
    "handler_api": ("dialect", "base_url", "api_key"),
    "smtp": ("url",),
}
"""The options that are asked for; of other types those that are required."""
_TWILIO: Final = (
    "dialect",
    "base_url",
    "account_sid",
    "auth_token",
    "application_sid",
    "signing_key",
)


_NEXT: Final = {
    "doctor": "tests everything together",
    "serve": "opens the shop",
    "operator link": "signs you in on its pages",
}


@dataclass(frozen=True, slots=True)
class Area:
    """A section of the settings whose parts are asked for. ``option``: its list of parts."""

    section: str
    option: str
    question: str
    asked: Mapping[str, tuple[str, ...]]
    prices: tuple[tuple[str, str], ...] = ()


AREAS: Final = (
    Area("calls", "carriers", "Who places the calls?", {"twilio": (*_TWILIO, "caller_ids")}),
    Area(
        "sms",
        "carriers",
        "Who sends the texts?",
        {"twilio": (*_TWILIO, "senders")},
        (("send", "A segment of a text, or an e-mail, sats"),),
    ),
    Area(
        "numbers",
        "providers",
        "Who provides numbers that receive codes?",
        {},
        (("receive", "An activation code, sats"), ("rent", "A number for each 4 hours, sats")),
    ),
    Area("mail", "servers", "Who takes the e-mails?", {}),
)


def set_up(path: Path, *, force: bool) -> int:
    """Ask for everything and write ``path``; ``force`` replaces a file, which is kept beside it.
    The exit code."""
    if not path.exists():
        return Setup(path).run()
    if not force:
        return fail(f"{path} exists: --force replaces it.", EXIT_USAGE)
    kept = path.with_name(f"{path.name}.before")
    path.replace(kept)  # else its settings would count beside the answers
    try:
        return Setup(path).run()
    finally:
        if not path.exists():
            kept.replace(path)


class Setup:
    """The answers so far, as the settings take them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._document: dict[str, Any] = {}

    def run(self) -> int:
        """Ask everything, and write the file. The exit code."""
        say("Each answer is tested as it is given. An empty one takes what stands in brackets.\n")
        self._ask_name()
        self._ask_place()
        self._ask_node()
        for area in AREAS:
            self._ask_area(area)
        try:
            settings = load_settings(**self._document)
            toml_file.write(self._path, toml_file.render(self._document))
        except SettingsError as error:
            say(f"{error}\nNothing was written.")
            return EXIT_FAILED
        except OSError as error:
            say(f"{self._path} cannot be written: {error.strerror}.")
            return EXIT_FAILED
        self._say_goodbye(settings)
        return EXIT_OK

    # Where

    def _ask_name(self) -> None:
        while True:
            web: dict[str, Any] = {}
            name = ask("The shop's name", str(WebSettings.model_fields["shop_name"].default))
            if name != WebSettings.model_fields["shop_name"].default:
                web["shop_name"] = name
            contact = ask("Where visitors reach you: an e-mail address or a page (none: nowhere)")
            if contact:
                web["contact"] = contact
            if not web or self._takes(web=web):
                return

    def _ask_place(self) -> None:
        while True:
            url = ask("The shop's address on the web, such as https://calls.example (none: local)")
            if self._takes(public_url=url) if url else True:
                break
        while True:
            question = "Database: empty for a file, or postgresql://user:password@host/name"
            database = ask(question, is_secret=True)
            if not database:
                return
            if self._takes(database_url=database) and self._passes(_database):
                return
            self._document.pop("database_url", None)

    # Parts

    def _ask_node(self) -> None:
        say()
        while True:
            chosen = self._choose_type("Where is the money?", NODES, (_SIMULATED,), _SIMULATED)
            if chosen == _SIMULATED:
                return
            part = self._options(NODES, chosen, {})
            if self._takes(node=part) and self._passes(check_node):
                return
            self._document.pop("node", None)

    def _ask_area(self, area: Area) -> None:
        kind = next(kind for kind in KINDS if kind.area == area.section)
        is_play = "node" not in self._document
        usual = _SIMULATED if is_play else _NONE
        say()
        while True:
            others = (_SIMULATED, _NONE) if is_play else (_NONE,)
            chosen = self._choose_type(area.question, kind.types, others, usual)
            if chosen == _SIMULATED:
                break
            if chosen == _NONE:
                self._takes(**{area.section: {area.option: []}})
                return
            part = self._options(kind.types, chosen, area.asked)
            section: dict[str, Any] = {area.option: [part]}
            if self._takes(**{area.section: section}) and self._passes(doctor_reach.reach):
                break
            self._document.pop(area.section, None)
        self._ask_prices(area)

    def _ask_prices(self, area: Area) -> None:
        prices: dict[str, int] = self._document.get("prices", {})
        for name, question in area.prices:
            usual = int(PriceSettings.model_fields[name].default)
            prices[name] = questions.ask_whole(question, usual, 1)
        if prices:
            self._takes(prices=prices)

    def _choose_type(
        self, question: str, types: PartTypes[Any, Any], others: tuple[str, ...], usual: str
    ) -> str:
        hidden = _HIDDEN | {_SIMULATED, _NEEDS_A_TABLE}
        names = [*others, *(name for name in types.names if name not in hidden)]
        chosen = choose(question, [(name, _MEANINGS.get(name, "")) for name in names], usual)
        if _NEEDS_A_TABLE in types.names:
            say("  (Any other gateway: docs/howto-http-gateway.md says what to add to the file.)")
        return chosen

    def _options(
        self, types: PartTypes[Any, Any], name: str, asked: Mapping[str, tuple[str, ...]]
    ) -> dict[str, Any]:
        found = types.find(name)
        assert found is not None, "it was chosen from the list"
        fields = found.settings.model_fields
        required = tuple(
            each for each in fields if fields[each].is_required() and each not in ("type", "name")
        )
        part: dict[str, Any] = {"type": name}
        for each in asked.get(name) or _ASKED.get(name) or required:
            value = questions.ask_field(each, fields[each])
            if value is not None:
                part[each] = value
        return part

    # Tests

    def _takes(self, **options: Any) -> bool:
        """Whether the settings take these answers, which they then keep."""
        try:
            load_settings(**{**self._document, **options})
        except SettingsError as error:
            say(f"  {error}")
            return False
        self._document |= options
        return True

    def _passes(self, check: Check) -> bool:
        """Whether a test finds nothing wrong, or it is kept all the same."""
        say("  testing ...")
        try:
            found = run_in_loop(_results(check, load_settings(**self._document)))
        except (RingboltError, SettingsError, OSError) as error:
            found = [CheckResult("test", "-", "wrong", str(error), "")]
        for each in found:
            say(f"  {each.state}: {each.part}: {each.detail}")
            if each.fix:
                say(f"      {each.fix}")
        if all(each.state != "wrong" for each in found):
            return True
        return confirm("  Keep it all the same")

    def _say_goodbye(self, settings: Settings) -> None:
        url = settings.public_url or f"http://{settings.host}:{settings.port}"
        say(f"\nWritten: {self._path}. What you can do now:")
        for words, what in _NEXT.items():
            say(f"  {command(*words.split())}    {what}")
        say(f"The shop will be at {url}")


async def _results(check: Check, settings: Settings) -> list[CheckResult]:
    return list(await check(settings))


async def _database(settings: Settings) -> list[CheckResult]:
    """Whether the database can be opened and written to."""
    db = await open_database(settings.database, SystemClock())
    await db.close()
    return [CheckResult("store", "real", "ok", db.dialect)]
