"""After the story: click and search yourself."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from warmstart.cli.answers import reasons_table
from warmstart.cli.demo.show import lines_table
from warmstart.cli.demo.story import USER, Teller
from warmstart.data.item_list import ItemList


class Play:
    """The small loop: each typed line is a click, a search, a wish to know why, or a goodbye."""

    def __init__(self, teller: Teller, console: Console) -> None:
        self._teller, self._console = teller, console
        self._query = ""
        self._shown = self._recommended = teller.recommended()

    def run(self) -> None:
        """Until `q` or the end of input."""
        self._say("play.help")
        self._show(self._shown)
        while (typed := self._read()) is not None:
            self.answer(typed)
        self._say("play.bye")

    def answer(self, typed: str) -> None:
        """Do what one typed line asks for."""
        words = typed.split()
        if not words:
            self._recommend()
        elif typed.isdigit():
            self._click(int(typed))
        elif words[0] == "why" and len(words) == 2 and words[1].isdigit():
            self._why(int(words[1]))
        elif typed == "forget":
            self._say("play.forgotten", removed=self._teller.forget())
            self._recommend()
        else:
            self._search(typed)

    def _read(self) -> str | None:
        try:
            typed = self._console.input("[bold magenta]> [/]").strip()
        except EOFError:
            self._console.print()
            return None
        return None if typed.lower() in {"q", "quit", "exit"} else typed

    def _recommend(self) -> None:
        before, self._query = self._recommended, ""
        self._recommended = self._teller.recommended()
        self._show(self._recommended, before=before)

    def _search(self, text: str) -> None:
        self._query = text
        self._show(self._teller.engine.search(text, user_id=USER, n=self._teller.n))

    def _click(self, number: int) -> None:
        if (item_id := self._at(number)) is None:
            return
        mark = self._teller.click(item_id)
        self._say("play.clicked", mark=mark, title=self._teller.title(item_id))
        self._recommend()

    def _why(self, number: int) -> None:
        if (item_id := self._at(number)) is None:
            return
        engine = self._teller.engine
        entry = engine.explain(item_id, user_id=USER, text=self._query)
        self._console.print(reasons_table(entry, engine.item, width=self._console.width))

    def _at(self, number: int) -> str | None:
        if 1 <= number <= len(self._shown):
            return self._shown.item_ids[number - 1]
        self._say("play.no_such", number=number)
        return None

    def _show(self, found: ItemList, *, before: ItemList | None = None) -> None:
        self._shown = found
        lines = self._teller.lines(found, before=before)
        if not lines:
            self._say("play.nothing")
            return
        moves = before is not None
        table = lines_table(lines, self._teller.language, self._console.width - 2, moves=moves)
        self._console.print(Padding(table, (0, 0, 1, 2)))

    def _say(self, key: str, **facts: object) -> None:
        self._console.print(Text(self._teller.say(key, **facts), style="dim"))
