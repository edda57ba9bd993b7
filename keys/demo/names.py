"""Organisations for the demo: Dutch names of the kind that health insurers and care offices have, all made up."""

from dataclasses import dataclass

_INSURERS = (
    "De Linde Zorgverzekeringen",
    "Zorgkantoor Waterland-Noord",
    "Onderlinge Duinzicht",
    "Vuurtoren Zorg",
    "Coöperatie Eikenhorst",
    "Zorgkantoor Maasoever",
    "Hanzestad Zorgverzekeraar",
    "Polderland Zorg",
    "Klaver Natura",
    "Zorgkantoor Heuvelrug-Oost",
    "Noorderlicht Zorgverzekeringen",
    "Veenhof Zorg",
    "Zilvermeeuw Verzekeringen",
    "Zorgkantoor Delta-Zuid",
    "Kempenzorg",
    "Grachtengordel Zorgverzekeraar",
    "Wadzee Onderlinge",
    "Zorgkantoor IJsselvallei",
    "Boerenhuis Zorgverzekeringen",
    "Lantaarn Zorg",
)
_FORMS = ("N.V.", "U.A.", "B.V.")
_ASCII = str.maketrans({"ö": "o", " ": "-", ".": None})


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation and the host that its server certificate names."""

    name: str
    host: str


def organisation(place: int) -> Organisation:
    """The organisation at a place, from 0; beyond the list, names come again with a number."""
    name = _INSURERS[place % len(_INSURERS)]
    again = place // len(_INSURERS)
    label = name.lower().translate(_ASCII)
    if again:
        return Organisation(f"{name} {again + 1} {_FORMS[place % 3]}", f"koppeling{again + 1}.{label}.example")
    return Organisation(f"{name} {_FORMS[place % 3]}", f"koppeling.{label}.example")
