"""A GGUF file of a repository on the Hugging Face hub: how it is named, found and checked.

`huggingface_hub` (extra `local`) asks the hub; `HF_ENDPOINT`, `HF_TOKEN` and `HF_HUB_OFFLINE` mean
what they mean there. The bytes are fetched by `transfer`, since the library gives up what it has of
a file when its process ends. A file is pinned to the commit that the hub names, and has the SHA-256
that the hub's LFS metadata state.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchwright_agent.models.installed.transfer import COPY_HINT, Remote, unreachable
from benchwright_agent.models.model import ModelError

if TYPE_CHECKING:
    from huggingface_hub import ModelInfo

USUAL = "Q4_K_M"
"""The quantisation taken from several where none is named, as llama.cpp does."""

_TIMEOUT_S = 20.0
_SPEC = re.compile(
    r"(?:hub:)?(?P<repository>[\w.-]+/[\w.-]+?)"
    r"(?:/(?P<file>[^:@]+\.gguf)|:(?P<quantisation>[\w-]+))?"
    r"(?:@(?P<revision>[\w./-]+))?",
    re.IGNORECASE,
)
_SHARD = re.compile(r"-\d{5}-of-(\d{5})\.gguf$", re.IGNORECASE)
_NO_MODEL = re.compile(r"(^|/)(mmproj|imatrix)[^/]*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class HubSpec:
    """What a user says of a file on the hub; a file, or a quantisation, or neither is named."""

    repository: str
    file: str = ""
    quantisation: str = ""
    revision: str = "main"


def read_spec(text: str) -> HubSpec | None:
    """`[hub:]OWNER/REPO`, then `/FILE` or `:QUANTISATION` if wanted, then `@REVISION` if wanted."""
    found = _SPEC.fullmatch(text)
    if found is None:
        return None
    return HubSpec(
        repository=found["repository"],
        file=found["file"] or "",
        quantisation=found["quantisation"] or "",
        revision=found["revision"] or "main",
    )


def resolve(spec: HubSpec) -> tuple[str, Remote]:
    """Name and place of the one file that is meant.

    Raises:
        ModelError: the hub cannot be reached, there is no such repository, revision or file, it may
            not be read, several are meant, or it is in parts; or `huggingface_hub` is missing.
    """
    info = _ask(spec)
    sizes = {item.rfilename: item for item in info.siblings or ()}
    file = choose(spec, tuple(sizes))
    found = sizes[file]
    return file, _remote(info, file, found.size, found.lfs.sha256 if found.lfs else "")


def _remote(info: ModelInfo, file: str, size_bytes: int | None, sha256: str) -> Remote:
    from huggingface_hub import constants, get_token, hf_hub_url  # noqa: PLC0415 - an extra

    token = get_token()
    licence = info.card_data.license if info.card_data else None
    return Remote(
        url=hf_hub_url(info.id, file, revision=info.sha),
        source=f"hub:{info.id}/{file}@{info.sha}",
        secrets={"Authorization": f"Bearer {token}"} if token else {},
        size_bytes=size_bytes,
        sha256=sha256,
        licence=licence if isinstance(licence, str) else "",
        access=f"accept its terms at {constants.ENDPOINT}/{info.id}, then name your token: "
        "export HF_TOKEN=...",
    )


def _ask(spec: HubSpec) -> ModelInfo:
    try:
        from huggingface_hub import HfApi, constants, errors  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ModelError(
            "huggingface_hub is not installed, which downloads need",
            hint="pip install 'benchwright[local]'",
        ) from error
    except ValueError as error:
        raise ModelError(f"HF_ENDPOINT is no URL: {error}") from error
    host = urlsplit(constants.ENDPOINT).netloc or f"the hub {constants.ENDPOINT!r}"
    name = spec.repository
    try:
        return HfApi().model_info(
            name, revision=spec.revision, files_metadata=True, timeout=_TIMEOUT_S
        )
    except errors.RevisionNotFoundError as error:
        raise ModelError(f"{name} has no revision {spec.revision} at {host}") from error
    except errors.RepositoryNotFoundError as error:
        raise ModelError(
            f"there is no repository {name} at {host}, or it is private",
            hint="for a private one, or one that asks for access: export HF_TOKEN=...",
        ) from error
    except errors.HFValidationError as error:
        raise ModelError(f"{name!r} is no repository: {error}") from error
    except errors.OfflineModeIsEnabled as error:
        raise ModelError(
            f"HF_HUB_OFFLINE is set, so {host} is not asked", hint=f"unset it; {COPY_HINT}"
        ) from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        raise ModelError(f"{host} answers {status} when asked for {name}") from error
    except errors.HTTPError as error:  # type: ignore[attr-defined] # httpx's or httpx2's, by version
        raise unreachable(host, str(error) or type(error).__name__) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{host} does not answer as a hub when asked for {name}") from error


def choose(spec: HubSpec, files: Sequence[str]) -> str:
    """The one of a repository's files that is meant.

    Raises:
        ModelError: none is, several are, or it is in parts.
    """
    models = [file for file in files if file.lower().endswith(".gguf")]
    if spec.file:
        found = [file for file in models if file == spec.file]
    else:
        models = [file for file in models if not _NO_MODEL.search(file)]
        found = _of_quantisation(models, spec.quantisation) if spec.quantisation else models
        if not spec.quantisation and len(models) > 1:
            found = _of_quantisation(models, USUAL) or models
    wanted = spec.file or spec.quantisation or "GGUF file"
    if not found:
        raise ModelError(
            f"{spec.repository} holds no {wanted}",
            details=tuple(models),
            hint="" if models else "look for a repository of that model with GGUF in its name",
        )
    parts = _SHARD.search(found[0])
    if parts and (spec.file or len(found) == int(parts[1])):
        raise ModelError(
            f"{spec.repository}: {found[0]} is one of {int(parts[1])} parts, and only whole files "
            "can be used",
            hint="fetch all of them, put them together (llama-gguf-split --merge), then "
            "`benchwright model use FILE.gguf`; or choose a smaller quantisation",
        )
    if len(found) > 1:
        raise ModelError(
            f"{spec.repository} holds several that {wanted} may mean",
            details=tuple(found),
            hint=f"name one: benchwright model pull hub:{spec.repository}/{found[0]}",
        )
    return found[0]


def _of_quantisation(files: Sequence[str], quantisation: str) -> list[str]:
    """Those whose name holds it as a word of its own: Q4_K is not Q4_K_M, nor Q4_0 IQ4_0."""
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(quantisation)}(?![A-Za-z0-9_])", re.IGNORECASE)
    return [file for file in files if word.search(file)]
