"""One source for the interpreted and the compiled loop.

Functions marked `kernel` are plain Python. A single run of a lumped sample calls them as they are and never loads the
compiler; a batch calls `compile_kernels()` once, after which the same functions compile inside whatever is compiled.
`by_type` chooses one body by the class of the first argument, in Python by a dictionary and compiled by an overload; `by_number` chooses
by a number that is known only when it runs, compiled by a chain of comparisons.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

# division as in numpy: no test for zero at each; a result that is not finite is rejected by the step
OPTIONS = {"error_model": "numpy"}
# kernels allocate nothing, so they need no reference counting, which costs three quarters of the time where structures of
# thirty arrays are passed, and inlined they pass none: a quarter less again; `_nrt` is not a documented option: numba is pinned, and
# a test watches that it still works
BARE = OPTIONS | {"_nrt": False, "forceinline": True}
APART = OPTIONS | {"_nrt": False}

_kernels: list[Callable[..., Any]] = []
_apart: set[Callable[..., Any]] = set()
_dispatchers: list[tuple[Callable[..., Any], dict[type, Callable[..., Any]], dict[type, Callable[..., Any]]]] = []
_numbered: list[tuple[Callable[..., Any], Callable[..., Any]]] = []


def kernel(function: F) -> F:
    """Mark a function as one that also runs compiled; it stays what it is. It must not allocate or assign to slices."""
    _kernels.append(function)
    return function


def apart(function: F) -> F:
    """A kernel that is compiled once and called, not written out at every place: what several places need, and no step often."""
    _apart.add(function)
    return kernel(function)


class _Bodies(dict[type, Callable[..., Any]]):
    """The bodies of one function by class."""

    n_known = 0  # of all functions

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def __missing__(self, kind: type) -> Callable[..., Any]:
        raise TypeError(f"{self.name} is not written for {kind.__name__}")


def by_type(function: Callable[..., Any]) -> Any:
    """A function with one body per class of its first argument; bodies are added with `@function.body(Class)`.

    The function given only states what each body does. Where the interpreter wants whole arrays and the compiler loops, a second body
    for compiled code alone is added with `@function.loops(Class)`.
    """
    bodies, loops = _Bodies(function.__name__), _Bodies(function.__name__)

    @functools.wraps(function)
    def dispatch(first: Any, *rest: Any) -> Any:
        return bodies[type(first)](first, *rest)

    def adder(to: dict[type, Callable[..., Any]]) -> Callable[[type], Callable[[F], F]]:
        def add(kind: type) -> Callable[[F], F]:
            def register(implementation: F) -> F:
                to[kind] = implementation
                _Bodies.n_known += 1
                return implementation

            return register

        return add

    dispatch.body, dispatch.loops = adder(bodies), adder(loops)  # type: ignore[attr-defined]
    _dispatchers.append((dispatch, bodies, loops))
    return dispatch


def by_number(bodies: Sequence[Callable[..., Any]]) -> Callable[[Callable[..., Any]], Any]:
    """A function whose first argument is the place of one of the `bodies`, kernels that take the other arguments and return one type.

    The function given only states its arguments and what each body does. In Python a number without a body raises IndexError. Compiled it
    is the last body's: such numbers come from the table that the bodies come from, and are not compared once more.
    """

    def numbered(function: Callable[..., Any]) -> Any:
        def absent(*_: Any) -> Any:
            raise IndexError(f"{function.__name__} is not written for such a number")

        number, *others = function.__code__.co_varnames[: function.__code__.co_argcount]
        rest, last = ", ".join(others), len(bodies) - 1
        # written out: `*rest` costs more than the whole choice, and a chain of closures compiles longer than one of comparisons
        known: dict[str, Any] = {f"body_{i}": body for i, body in enumerate(bodies)}
        known["bodies"] = (*bodies, *[absent] * len(bodies))  # minus one is the last of a tuple
        lines = [f"    if {number} == {i}:\n        return body_{i}({rest})" for i in range(last)]
        chain = "\n".join([f"def chain({number}, {rest}):", *lines, f"    return body_{last}({rest})"])
        exec(f"def choice({number}, {rest}):\n    return bodies[{number}]({rest})\n{chain}", known)  # noqa: S102 - names of ours alone
        dispatch: Any = functools.wraps(function)(known["choice"])
        _numbered.append((dispatch, known["chain"]))
        return dispatch

    return numbered


def cache_folder() -> Path:
    """Where compiled code is kept: a folder named after the sources, since a cache looks at the outermost file only."""
    return _folder(len(_kernels), _Bodies.n_known)


@functools.cache
def _folder(_n_kernels: int, _n_bodies: int) -> Path:
    """The folder as long as no more kernels become known: to read all sources takes milliseconds."""
    import numba
    import numpy
    from platformdirs import user_cache_path

    kinds = {kind for _, bodies, loops in _dispatchers for kind in (*bodies, *loops)}  # whose fields compiled code takes by their place
    modules = {__name__, "thermo.base.constants", *(source.__module__ for source in (*_kernels, *kinds))}
    sources = sorted(Path(str(sys.modules[module].__file__)) for module in modules)
    seal = hashlib.sha256(f"{numba.__version__} {numpy.__version__}".encode())
    for source in sources:
        seal.update(source.read_bytes())
    return user_cache_path("thermorun") / f"kernels-{seal.hexdigest()[:16]}"


_waiting: list[Callable[[str], None]] = []  # who is told when something is compiled


@contextlib.contextmanager
def telling(note: Callable[[str], None]) -> Iterator[None]:
    """Within it `note` is told, once, when code is compiled, which takes a while and which later runs find in a cache."""
    _waiting.append(note)
    try:
        yield
    finally:
        if note in _waiting:
            _waiting.remove(note)


def compile_kernels() -> Callable[[F], F]:
    """The decorator that compiles an outermost function; see `telling` for who hears of it."""
    return _prepared(cache_folder())


@functools.cache
def _prepared(folder: Path) -> Callable[[F], F]:
    """Load the compiler and make every kernel known to it."""
    import numba
    from numba.core import event
    from numba.extending import overload, register_jitable

    class Told(event.Listener):  # type: ignore[misc]
        """Says so when the compiler begins; what it finds in its cache is no compilation."""

        def on_start(self, _: Any) -> None:
            if _waiting:
                _waiting.pop()("compiling once on this machine, which takes up to about a minute")

        def on_end(self, _: Any) -> None:
            """There is nothing to say."""

    event.register("numba:compile", Told())
    folder.mkdir(parents=True, exist_ok=True)
    numba.config.CACHE_DIR = str(folder)
    for function in _kernels:
        register_jitable(**(APART if function in _apart else BARE))(function)
    for dispatch, bodies, loops in _dispatchers:
        overload(dispatch, strict=False, jit_options=BARE)(_chooser(bodies | loops))
    for dispatch, chain in _numbered:
        overload(dispatch, strict=False, jit_options=BARE)(lambda *_, chain=chain: chain)
    return functools.cache(numba.njit(cache=True, nogil=True, **OPTIONS))  # loaded once a process, not once a call


def _chooser(bodies: dict[type, Callable[..., Any]]) -> Callable[..., Any]:
    def choose(first: Any, *rest: Any) -> Any:
        return bodies[first.instance_class]

    return choose
