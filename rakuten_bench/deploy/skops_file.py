"""Model files without pickle: loading one executes no code that the file brings.

A file is a zip archive: a tree of types and values in JSON, and the arrays. Everything is
checked before skops builds the first object: the size that it unpacks to, the type of
every value against a list (`trusted`), and that the indices of sparse matrices are
inside them. skops checks the types again.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from rakuten_bench.deploy.state import describe_model, refuse_unsafe, restore_model
from rakuten_bench.deploy.trusted import TRUSTED
from rakuten_bench.errors import MissingPackage, UserError
from rakuten_bench.npz import DAMAGES, check_array, check_unpacked
from rakuten_bench.plain import open_plain

if TYPE_CHECKING:
    from rakuten_bench.pipeline.estimator import ScenarioClassifier, ScenarioClusterer
    from rakuten_bench.scenario import Scenario

    Model = ScenarioClassifier | ScenarioClusterer

_SCHEMA = "schema.json"
_MARK = b"PK\x03\x04"
_DAMAGES = (
    *DAMAGES,
    TypeError,
    AttributeError,
    IndexError,
    RecursionError,
    MemoryError,
)


def is_skops(path: Path) -> bool:
    """Return whether the content of a file is a zip archive, whatever its name."""
    with open_plain(path) as file:
        return file.read(len(_MARK)) == _MARK


def require_skops(path: Path) -> None:
    """Refuse to go on without the package skops.

    Raises
    ------
    MissingPackage
    """
    try:
        import skops.io  # noqa: F401
    except ImportError:
        message = (
            f"{path}: model files of this format need the package skops. Run: "
            f'pip install "rakuten-bench[skops]"'
        )
        raise MissingPackage(message) from None


def refuse_scenario(scenario: Scenario, path: Path) -> None:
    """Refuse a scenario that can't be stored without pickle, before it is fitted.

    Raises
    ------
    UserError
    MissingPackage
    """
    require_skops(path)
    try:
        refuse_unsafe(scenario)
    except ValueError as error:
        raise UserError(_describe_refusal(scenario, path, error)) from None


def _describe_refusal(scenario: Scenario, path: Path, error: Exception) -> str:
    return (
        f"{path}: scenario {scenario.code} can't be stored without pickle: {error}. "
        f"Export it as .joblib."
    )


def dump_skops(model: Model, path: Path) -> bytes:
    """Return the content of a model file.

    Parameters
    ----------
    model : ScenarioClassifier or ScenarioClusterer
        Fitted.
    path : Path
        Of the file, for messages.

    Raises
    ------
    UserError
        If the model has a part that can't be stored without pickle.
    MissingPackage
    """
    require_skops(path)
    import skops.io as sio

    try:
        content = sio.dumps(
            describe_model(model), compression=zipfile.ZIP_DEFLATED, compresslevel=6
        )
        restore_model(_load(io.BytesIO(content), len(content)))
    except Exception as error:  # objects of any class may refuse to be described
        message = _describe_refusal(model.scenario_, path, error)
        raise UserError(message) from None
    return bytes(content)


def read_skops(path: Path) -> Model:
    """Return the model of a file.

    Raises
    ------
    UserError
        If it is damaged, unpacks to far more than its size, or has a type that is not
        trusted.
    MissingPackage
    """
    require_skops(path)
    try:
        with open_plain(path) as file:
            state = _load(file, path.stat().st_size)
        return restore_model(state)
    except MissingPackage:
        raise
    except (OSError, UserError, *_DAMAGES) as error:
        reason = str(error) or type(error).__name__
        message = (
            f"{path}: is not a model file that rakuten-bench wrote, or is damaged: "
            f"{reason}. Nothing in it was executed."
        )
        raise UserError(message) from None


def _load(file: IO[bytes], packed: int) -> Any:
    """Check an archive, then build the objects in it.

    Raises
    ------
    ValueError
        If it is refused; a damaged one raises any of `_DAMAGES`.
    """
    import skops.io as sio

    with zipfile.ZipFile(file) as archive:
        _check_archive(archive, packed)
    file.seek(0)
    trusted = sorted(frozenset().union(*TRUSTED.values()))
    return sio.load(file, trusted=trusted)


def _check_archive(archive: zipfile.ZipFile, packed: int) -> None:
    from skops.io._protocol import PROTOCOL

    sizes = {info.filename: info.file_size for info in archive.infolist()}
    check_unpacked(sum(sizes.values()), packed)
    schema = json.loads(archive.read(_SCHEMA))
    if schema.get("protocol") != PROTOCOL:
        message = f"it was written by another version of skops ({schema.get('_skops_version')})"
        raise ValueError(message)
    nodes = [*_iter_nodes(schema)]
    _check_types(nodes)
    read = [str(node["file"]) for node in nodes if "file" in node]
    check_unpacked(sum(sizes[name] for name in read), packed)
    for node in nodes:
        if "file" in node:
            _check_member(node["__loader__"], archive.read(node["file"]), packed)


def _iter_nodes(schema: object) -> Iterator[Mapping[str, Any]]:
    """Yield each description of an object, from the outermost."""
    stack = [schema]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if "__loader__" in value or "__class__" in value or "__module__" in value:
                yield value
            stack += value.values()
        elif isinstance(value, list):
            stack += value


def _check_types(nodes: list[Mapping[str, Any]]) -> None:
    """Refuse types that are not trusted.

    Raises
    ------
    ValueError
        With their names.
    """
    refused = {
        name
        for node in nodes
        for name in [f"{node.get('__module__')}.{node.get('__class__')}"]
        if name not in TRUSTED.get(str(node.get("__loader__")), ())
    }
    if refused:
        names = ", ".join(f"'{name}'" for name in sorted(refused)[:_SHOWN])
        types = "type" if len(refused) == 1 else "types"
        message = f"it contains the {types} {names}, which may execute code or crash"
        raise ValueError(message)


_SHOWN = 3  # types in a message


def _check_member(loader: str, content: bytes, packed: int) -> None:
    """Refuse an array without its values, and a sparse matrix that points outside.

    Raises
    ------
    ValueError
    """
    if loader == "NdArrayNode":
        check_array(content)
        return
    from scipy.sparse import load_npz

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        unpacked = sum(info.file_size for info in archive.infolist())
        check_unpacked(unpacked, packed)
        for name in archive.namelist():
            check_array(archive.read(name))
    matrix = load_npz(io.BytesIO(content))
    if matrix.format != "csr":
        message = f"it contains a matrix of the format '{matrix.format}'"
        raise ValueError(message)
    matrix.check_format(full_check=True)
