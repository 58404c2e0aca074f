"""Every command of the developers' pages runs as it is printed, in every language."""

from __future__ import annotations

import asyncio
import html
import re
import shutil
import sys
from pathlib import Path

import pytest

from ringbolt.web.docs.recipes import RECIPES
from ringbolt.web.docs.snippets import Language
from support.clients.pages import PageClient
from support.waiting import PATIENCE_S

pytestmark = pytest.mark.asyncio(loop_scope="module")

ENDS_WITH = {
    "call": "completed",
    "text": "smsStatus",
    "code": "048010",
    "rent": "Your code is 048010",
    "email": "emailStatus",
    "voice": "completed",
}
"""What the last answer of a page says, when everything went well."""
_RUNNERS = {
    Language.CURL: ("bash", "commands.sh"),
    Language.PYTHON: (sys.executable, "commands.py"),
    Language.JAVASCRIPT: ("node", "commands.mjs"),
}


def printed(page: str, language: Language) -> list[str]:
    """The commands of a page, as a visitor copies them."""
    found = re.findall(rf'<code class="language-{language.value}">(.*?)</code>', page, re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]+>", "", each)) for each in found]


async def run(language: Language, commands: list[str], folder: Path) -> str:
    """What the commands print, in a file of their own. Fails if they do."""
    program, name = _RUNNERS[language]
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed here")
    begin = ["set -eo pipefail"] if language is Language.CURL else []
    (folder / name).write_text("\n".join([*begin, *commands]) + "\n", encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        path,
        name,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            out, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode == 0, f"{out.decode()}\n{errors.decode()}"
    return out.decode()


@pytest.mark.parametrize("service", RECIPES)
@pytest.mark.parametrize("language", Language)
async def test_the_commands_of_a_page_run_as_they_are_printed(
    pages: PageClient, tmp_path: Path, service: str, language: Language
) -> None:
    page = await pages.open(f"/docs/{service}?code={language.value}")
    commands = printed(page.text, language)

    assert page.status == 200
    assert any(pages.shop.url in each for each in commands)
    assert ENDS_WITH[service] in await run(language, commands, tmp_path)
