"""Verdicts and closed forms do not depend on names, however alike these are; with symbols known by text, they do."""

import pytest
import sympy as sp
from renamed_models import PLAIN, case, complaints

from pgsym.expression.naming import Alphabet

MODELS, BLOCKS = 2000, 16
PER_BLOCK = MODELS // BLOCKS


@pytest.mark.parametrize("block", range(BLOCKS))
def test_names_change_nothing(block):
    for number in range(block * PER_BLOCK, (block + 1) * PER_BLOCK):
        assert not list(complaints(*case(number))), f"case {number}"


def by_text(kind):
    """Symbols of one kind named by the text of what they stand for, and known by that name."""
    make = Alphabet.of

    def of(self, *key, name):
        if key[0] != kind:
            return make(self, *key, name=name)
        if kind == "for all":
            _, function, *place = key
            return sp.Symbol(f"{function}({','.join(map(str, place))})" if place else function)
        _, action, state = key
        return sp.Symbol(f"{kind}({action}|{state})")

    return of


@pytest.mark.parametrize("kind", ["for all", "pi'", "pi"])
def test_symbols_known_by_text_are_found_out(kind, monkeypatch):
    monkeypatch.setattr(Alphabet, "of", by_text(kind))

    def differs(number):
        try:
            return any(complaints(*case(number)))
        except Exception:  # whatever it is that two symbols which have become one break
            return True

    assert any(map(differs, range(MODELS // 4)))
    shape, _, method = case(0)
    assert not list(complaints(shape, PLAIN, method))


def test_spellings_name_each_thing_once():
    for number in range(200):
        found = case(number)[1]
        for names in (found.states, found.actions, list(found.symbols.values()), list(found.own.values())):
            assert len(set(names)) == len(names)
        assert not set(found.own.values()) & set(found.symbols.values())
