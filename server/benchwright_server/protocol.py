"""pygls' protocol, which lets go of what was handled, and ends while a client owes answers.

pygls 2.1.1 remembers the task of every notification with a handler that is a coroutine, and the
future of every one that it handles itself, for ever: some 3 KB for each key that is pressed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from functools import partial
from typing import Any

from lsprotocol import types as lsp
from pygls.protocol import LanguageServerProtocol, lsp_method


class BenchwrightProtocol(LanguageServerProtocol):
    """The protocol of one session."""

    def _execute_handler(
        self,
        msg_id: str | int,
        handler: Callable[..., Any],
        callback: Callable[..., None],
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        super()._execute_handler(msg_id, handler, callback, args, kwargs)
        if (future := self._request_futures.get(msg_id)) is not None:
            # Not at once: pygls goes through them all when it cancels them.
            forget = partial(self._request_futures.pop, msg_id, None)
            loop = asyncio.get_running_loop()
            future.add_done_callback(lambda _: loop.call_soon(forget))

    @lsp_method(lsp.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Generator[Any, Any, None]:
        """As pygls does, which takes from a dictionary that it goes through."""
        own_id = self.msg_id
        if (handler := self.fm.features.get(lsp.SHUTDOWN)) is not None:
            yield handler, args, None
        for msg_id, future in list(self._request_futures.items()):
            if msg_id != own_id and not future.done():
                future.cancel()
        self._shutdown = True
