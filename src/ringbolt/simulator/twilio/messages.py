"""The messages of the simulated Twilio-compatible API: documents, status callbacks, texts to
numbers of an account."""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

import msgspec
import structlog
from msgspec import Struct

from ringbolt.core.texts import segments
from ringbolt.numbers.provider import InboundText
from ringbolt.simulator.clock.world_time import WorldTime
from ringbolt.simulator.file.world_file import WorldFile
from ringbolt.simulator.numbers.inventory import NumberInventory
from ringbolt.simulator.sms.network import SmsNetwork
from ringbolt.simulator.twilio.accounts import Accounts
from ringbolt.simulator.twilio.call import API_VERSION
from ringbolt.simulator.twilio.callbacks import Callbacks
from ringbolt.simulator.twilio.message import Course, TwilioMessage, error_of
from ringbolt.sms.carrier import DeliveryReceipt, SendResult
from ringbolt.sms.simulated.wire import SmsRequest

KIND: Final = "twilio-message"
NUMBERS: Final = "twilio-number"
CURSOR_KIND: Final = "twilio-message-cursor"
_SENDER_CHARS: Final = 16
log = structlog.get_logger("ringbolt.twilio")


class TwilioNumber(Struct):
    """A number of an account. ``sms_url``: where texts that come to it are posted."""

    sid: str
    account_sid: str
    number: str
    sms_url: str


class TwilioMessages:
    """Call ``start`` in the event loop."""

    def __init__(
        self,
        sms: SmsNetwork,
        numbers: NumberInventory,
        accounts: Accounts,
        callbacks: Callbacks,
        store: WorldFile,
        clock: WorldTime,
    ) -> None:
        self._sms = sms
        self._texts = numbers
        self._accounts = accounts
        self._callbacks = callbacks
        self._store = store
        self._clock = clock
        self._messages = {
            sid: msgspec.convert(document, TwilioMessage)
            for sid, document in store.load(KIND).items()
        }
        self._numbers = {
            number: msgspec.convert(document, TwilioNumber)
            for number, document in store.load(NUMBERS).items()
        }
        self._courses: dict[str, Course] = {}
        self._telling: dict[str, asyncio.Task[None]] = {}
        self._following: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._following = [
            asyncio.create_task(self._follow_receipts(), name="twilio-receipts"),
            asyncio.create_task(self._follow_texts(), name="twilio-texts"),
        ]

    async def close(self) -> None:
        tasks = [*self._telling.values(), *self._following]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # The API's side

    async def create(
        self, account_sid: str, form: dict[str, str]
    ) -> tuple[TwilioMessage, SendResult]:
        """Send the message that ``form`` asks for, which has been checked."""
        sid = f"SM{secrets.token_hex(16)}"
        made = TwilioMessage(sid, account_sid, form, self._clock.now_ms())
        # In memory before it is sent: receipts may come before the answer.
        self._messages[sid] = made
        await self._store.submit([(KIND, sid, made)])
        sender = form.get("From") or form.get("MessagingServiceSid", "")
        result = await self._sms.send(
            SmsRequest(
                sid,
                form["To"],
                sender[:_SENDER_CHARS],
                list(made.parts),
                segments.encoding_of(form["Body"]).value,
            )
        )
        if await self._sms.find(sid) is None:  # refused or lost: there is no such message
            del self._messages[sid]
            await self._store.submit([(KIND, sid, None)])
        return made, result

    def now_ms(self) -> int:
        return self._clock.now_ms()

    def find(self, account_sid: str, sid: str) -> TwilioMessage | None:
        made = self._messages.get(sid)
        return made if made is not None and made.account_sid == account_sid else None

    def of(self, account_sid: str) -> list[TwilioMessage]:
        """The messages of an account, the newest first."""
        made = reversed(self._messages.values())
        return [each for each in made if each.account_sid == account_sid]

    async def receipts(self, made: TwilioMessage) -> tuple[DeliveryReceipt, ...]:
        found = await self._sms.find(made.sid)
        return () if found is None else found.receipts

    # Numbers of accounts

    async def keep_number(self, account_sid: str, number: str, sms_url: str) -> TwilioNumber:
        """Give an account a number, or change where its texts are posted."""
        known = self._numbers.get(number)
        sid = known.sid if known is not None else f"PN{secrets.token_hex(16)}"
        kept = TwilioNumber(sid, account_sid, number, sms_url)
        self._numbers[number] = kept
        await self._store.submit([(NUMBERS, number, kept)])
        return kept

    def numbers_of(self, account_sid: str) -> list[TwilioNumber]:
        return [each for each in self._numbers.values() if each.account_sid == account_sid]

    # Telling

    async def _follow_receipts(self) -> None:
        async for batch in self._sms.events(self._after("receipts")):
            for receipt in batch.receipts:
                made = self._messages.get(receipt.ref)
                if made is not None:
                    course = self._courses.setdefault(made.sid, Course({}))
                    status = course.status_after(receipt, len(made.parts))
                    if status:
                        self._tell(made, status)
                    if status == "delivered":
                        del self._courses[made.sid]
            await self._store.submit([(CURSOR_KIND, "receipts", {"after": int(batch.cursor)})])

    async def _follow_texts(self) -> None:
        async for batch in self._texts.events(self._after("texts")):
            for text in batch.texts:
                number = self._numbers.get(text.number)
                if number is not None:
                    await self._receive(number, text)
            await self._store.submit([(CURSOR_KIND, "texts", {"after": int(batch.cursor)})])

    def _after(self, what: str) -> int:
        document = self._store.get(CURSOR_KIND, what)
        return 0 if document is None else int(document["after"])

    def _tell(self, made: TwilioMessage, status: str) -> None:
        url = made.form.get("StatusCallback", "")
        account = self._accounts.of(made.account_sid)
        if not url or not account.tells:
            return
        form = {
            "MessageSid": made.sid,
            "SmsSid": made.sid,
            "MessageStatus": status,
            "SmsStatus": status,
            "AccountSid": made.account_sid,
            "From": made.form.get("From", ""),
            "To": made.form["To"],
            "ApiVersion": API_VERSION,
        }
        error = error_of(status)
        if error is not None:
            form["ErrorCode"] = str(error)
        self._post(made.sid, account.auth_token, url, form)

    async def _receive(self, number: TwilioNumber, text: InboundText) -> None:
        sid = f"SM{secrets.token_hex(16)}"
        form = {"From": text.sender, "To": text.number, "Body": text.text}
        made = TwilioMessage(sid, number.account_sid, form, text.at_ms, is_inbound=True)
        self._messages[sid] = made
        await self._store.submit([(KIND, sid, made)])
        told = {
            "MessageSid": sid,
            "SmsSid": sid,
            "SmsMessageSid": sid,
            "SmsStatus": "received",
            "AccountSid": number.account_sid,
            "NumMedia": "0",
            "NumSegments": str(len(made.parts)),
            "ApiVersion": API_VERSION,
            **form,
        }
        token = self._accounts.of(number.account_sid).auth_token
        if number.sms_url:
            self._post(f"texts to {number.number}", token, number.sms_url, told)

    def _post(self, about: str, auth_token: str, url: str, form: dict[str, str]) -> None:
        """Post after what was posted before about the same."""
        before = self._telling.get(about)

        async def post() -> None:
            if before is not None:
                await asyncio.gather(before, return_exceptions=True)
            await self._callbacks.post(auth_token, url, form)

        task = asyncio.create_task(post(), name="twilio-message-callback")
        self._telling[about] = task
        task.add_done_callback(lambda done: self._done(about, done))

    def _done(self, about: str, task: asyncio.Task[None]) -> None:
        if self._telling.get(about) is task:
            del self._telling[about]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a callback of a message failed", error=str(error))
