"""Settings as they come: with `initialize`, pushed on a change, or pulled where a client can.

Source: LSP 3.17, "DidChangeConfiguration Notification" and "Configuration Request". What a client
pulls from wins; each workspace folder may have its own. What is wrong with a value is told once.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from benchwright_server.settings import SECTION, Settings, read_settings

if TYPE_CHECKING:
    from benchwright_server.app import BenchwrightServer


class Configuration:
    """The settings of a session and of each workspace folder.

    Attributes:
        settings: where no folder has its own.
    """

    def __init__(self, server: BenchwrightServer) -> None:
        self._server = server
        self._of_folder: dict[Path, Settings] = {}
        self._told: set[str] = set()
        self._untold: list[str] = []
        self.settings = Settings()

    def of(self, folder: Path | None) -> Settings:
        """The settings of a workspace folder."""
        return self.settings if folder is None else self._of_folder.get(folder, self.settings)

    def take(self, data: object) -> None:
        """Takes settings that the client sent."""
        self.settings = self._read(section(data))

    async def pull(self) -> None:
        """Asks the client for its settings, where it can be asked."""
        workspace = self._server.client_capabilities.workspace
        if not (workspace and workspace.configuration):
            return
        folders = {self._server.documents.uri(folder): folder for folder in self._server.folders()}
        items = [lsp.ConfigurationItem(section=SECTION)]
        items += [lsp.ConfigurationItem(scope_uri=uri, section=SECTION) for uri in folders]
        try:
            common, *own = await self._server.workspace_configuration_async(
                lsp.ConfigurationParams(items)
            )
        except (JsonRpcException, ValueError) as error:
            self._server.log(f"the client gave no settings: {error}", lsp.MessageType.Warning)
            return
        if common is not None:
            self.settings = self._read(common)
        self._of_folder = {
            folder: self._read(data)
            for folder, data in zip(folders.values(), own, strict=False)
            if data is not None
        }

    def tell(self) -> None:
        """Tells the user what is wrong with settings, once."""
        if self._untold:
            self._server.tell("; ".join(self._untold), lsp.MessageType.Warning)
            self._untold.clear()

    def _read(self, data: object) -> Settings:
        settings, warnings = read_settings(data)
        self._untold += [text for text in dict.fromkeys(warnings) if text not in self._told]
        self._told.update(warnings)
        return settings


def section(data: object) -> Any:
    """Settings as clients nest them: under `settings`, under our name, or not at all."""
    if isinstance(data, Mapping):
        for name in ("settings", SECTION):
            if name in data and (data[name] is None or isinstance(data[name], Mapping)):
                return section(data[name])
    return data
