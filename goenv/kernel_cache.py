"""Compiled kernels on disk, told apart by the sources that they were made of.

Numba keeps a kernel's machine code on disk (``cache=True``) until the kernel's own file changes.
But that code holds, inlined, the kernels and the constants of other files: after a change of
``board.py``, by an edit or an upgrade, the old rules would go on being played by the compiled
loops over games. So in the packages that are `track`ed, a kernel's name on disk ends in a tag,
which stands for the text of its file and of all files of these packages that it imports, directly
or not.

Kernels of different states of the sources therefore lie side by side. No process needs a lock;
one that began before a change goes on as it began, and neither loads what was compiled after the
change nor spoils it. Before a process writes, it deletes what fits no source file any more.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numba.core import caching

# Imports at the left margin: those within `if TYPE_CHECKING` or a function reach no kernel.
_IMPORT = re.compile(r"^(?:from +([\w.]+) +import +(\([^)]*\)|.*)|import +(.*))", re.MULTILINE)


class Sources:
    """Modules of some packages; each file is read once, when it is first needed."""

    def __init__(self) -> None:
        self.packages: dict[str, Path] = {}
        self._files: dict[str, Path] = {}
        self._digests: dict[str, bytes] = {}
        self._imports: dict[str, set[str]] = {}

    def add(self, package: str, folder: Path) -> None:
        """Add a package and the packages in it."""
        self.packages[package] = folder
        for file in folder.rglob("*.py"):
            parts = file.relative_to(folder).with_suffix("").parts
            parts = parts[:-1] if parts[-1] == "__init__" else parts
            self._files[".".join((package, *parts))] = file

    def __contains__(self, module: str) -> bool:
        return module in self._files

    def package_of(self, module: str) -> str:
        """The package that a module is in; a package is in itself."""
        is_package = self._files[module].name == "__init__.py"
        return module if is_package else module.rpartition(".")[0]

    def closure(self, module: str) -> list[str]:
        """The module and all modules that it imports, directly or not, sorted.

        Raises:
            OSError: a file cannot be read.
        """
        found, waiting = {module}, [module]
        while waiting:
            new = self._imports_of(waiting.pop()) - found
            found |= new
            waiting += new
        return sorted(found)

    def tag(self, module: str) -> str:
        """Twelve digits that stand for the text of a module's `closure`.

        Raises:
            OSError: a file cannot be read.
        """
        digest = hashlib.blake2b(digest_size=6)
        for name in self.closure(module):
            digest.update(name.encode() + b" " + self._digests[name])
        return digest.hexdigest()

    def _imports_of(self, module: str) -> set[str]:
        if module not in self._imports:
            text = self._files[module].read_bytes()
            named = _imported_names(text.decode(errors="replace"), self.package_of(module))
            self._imports[module] = {found for name in named if (found := self._module_of(name))}
            self._digests[module] = hashlib.blake2b(text).digest()
        return self._imports[module]

    def _module_of(self, name: str) -> str:
        """The module that ``package.module.attribute`` is in; "" if it is none of these."""
        while name and name not in self._files:
            name = name.rpartition(".")[0]
        return name


def _imported_names(text: str, package: str) -> Iterator[str]:
    """What a module of `package` imports, as ``package.module.attribute``."""
    for origin, names, plain in _IMPORT.findall(text):
        if plain:
            yield from (name.split()[0] for name in plain.split(",") if name.strip())
            continue
        with contextlib.suppress(ImportError):  # more dots than packages: no import, but prose
            origin = importlib.util.resolve_name(origin, package)
            names = re.sub(r"#.*| as +\w+", "", names)
            yield from [f"{origin}.{name}" for name in re.findall(r"\w+", names) or [""]]


_sources = Sources()
_cleaned: set[str] = set()


class _Locator:
    """Numba's own choice of a folder for a kernel, with a name and a stamp that hold the tag."""

    def __init__(self, locator: Any, tag: str, module: str) -> None:
        self._locator, self._tag, self._module = locator, tag, module

    @classmethod
    def from_function(cls, function: Any, file: str) -> _Locator | None:
        """What numba asks of each kind of locator in turn; None hands over to the next."""
        module = function.__module__
        if module not in _sources:
            return None
        try:
            tag = _sources.tag(module)
        except OSError:  # no source to be read: then none can change
            return None
        others: list[Any] = caching.CacheImpl._locator_classes
        for other in others:
            if other is not cls:
                locator = other.from_function(function, file)
                if locator is not None:
                    return cls(locator, tag, module)
        return None

    def get_disambiguator(self) -> str:
        """Part of the file's name, beside the kernel's."""
        return f"{self._locator.get_disambiguator()}-{self._tag}"

    def get_source_stamp(self) -> str:
        """What must be equal for a kernel to be loaded."""
        return self._tag

    def ensure_cache_path(self) -> None:
        """Numba calls this before it writes a kernel."""
        self._locator.ensure_cache_path()
        folder = self.get_cache_path()
        if folder not in _cleaned:
            _cleaned.add(folder)
            drop_stale(Path(folder), _sources.package_of(self._module))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._locator, name)


def track(package: str, init_file: str) -> None:
    """Compile kernels of a package anew when a source changes that they are made of.

    For packages of your own whose cached kernels call goenv's: put ``track(__name__, __file__)``
    into ``__init__.py``, before any kernel is imported. Goenv itself is tracked.

    Args:
        package: name of the package.
        init_file: path of its ``__init__.py``.
    """
    _sources.add(package, Path(init_file).parent)
    locators: list[Any] | None = getattr(caching.CacheImpl, "_locator_classes", None)
    if locators is None:
        warnings.warn(
            "goenv.kernel_cache does not know this version of numba: delete the folders "
            "__pycache__ of goenv and algorithms whenever their sources change",
            RuntimeWarning,
            stacklevel=2,
        )
    elif _Locator not in locators:
        mine: list[Any] = [_Locator, *locators]
        caching.CacheImpl._locator_classes = mine


def drop_stale(folder: Path, package: str) -> None:
    """Delete compiled kernels that fit no source file of `package` as it is on disk now.

    What cannot be deleted stays, and does no harm: its name is never asked for.

    Args:
        folder: numba's folder for the kernels of the package.
        package: name of a tracked package or of one in it.
    """
    now = Sources()
    for name, path in _sources.packages.items():
        now.add(name, path)
    with contextlib.suppress(OSError):
        for file in list(folder.iterdir()):
            if file.suffix in (".nbi", ".nbc"):
                stem = file.name.partition(".")[0]
                module = package if stem == "__init__" else f"{package}.{stem}"
                if module not in now or f"-{now.tag(module)}." not in file.name:
                    with contextlib.suppress(OSError):
                        file.unlink()


track("goenv", __file__)
