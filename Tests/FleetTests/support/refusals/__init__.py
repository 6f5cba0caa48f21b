"""How each error that the specification documents is come by, by area, and which cannot be."""
from dataclasses import dataclass
from typing import Callable

from support.scene import Ask, Scene


@dataclass(frozen=True)
class Refusal:
    """A request that must be refused in just this way, on every worker."""

    status: int
    errcode: str | None  # None: the answer asks for authentication
    why: str
    make: Callable[[Scene], Ask]

    def __str__(self):
        return f"{self.status} {self.errcode or 'authentication'}: {self.why}"
