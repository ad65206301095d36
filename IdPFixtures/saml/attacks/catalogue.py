"""What a case is, and what the corpus says of it."""

from dataclasses import dataclass, field

from documents import Person


@dataclass(frozen=True)
class Case:
    """One document and what must become of it.

    `refusals` are acceptable answers, the most specific first. `person` is set instead where it is accepted; with both,
    either may happen, but nobody else than `person` may ever come out.
    """

    name: str
    note: str
    octets: bytes | None
    refusals: tuple = ()
    person: Person | None = None
    settings: dict = field(default_factory=dict)
    recipe: dict | None = None


def refuse(name, refusals, note, text, **settings):
    """A case that is refused; `refusals` in one string. `text` may be octets, or a recipe for what is too big."""
    recipe = text if isinstance(text, dict) else None
    return Case(name, note, None if recipe else octets(text), tuple(refusals.split()), None, settings, recipe)


def accept(name, person, note, text, **settings):
    return Case(name, note, octets(text), (), person, settings)


def either(name, person, refusals, note, text, **settings):
    return Case(name, note, octets(text), tuple(refusals.split()), person, settings)


def octets(text):
    return text if isinstance(text, bytes) else text.encode()


def repeat(unit, count, prefix="", suffix=""):
    """A recipe: `unit` that many times between two texts."""
    return {"kind": "repeat", "prefix": prefix, "unit": unit, "count": count, "suffix": suffix}


def around(mark, text, unit, count):
    """A recipe that repeats `unit` where `text` has `mark`."""
    prefix, _, suffix = text.partition(mark)
    return repeat(unit, count, prefix, suffix)


def deflate(recipe, parameter):
    """A recipe: raw DEFLATE (RFC 1951) of what another one makes, in base64, as a parameter of the Redirect binding."""
    return {"kind": "deflate", "parameter": parameter, "of": recipe}
