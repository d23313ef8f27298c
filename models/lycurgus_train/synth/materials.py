"""What particles and supports are made of, as far as the high-angle detector tells: atomic number and number density."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Material:
    """One kind of matter.

    Attributes
    ----------
    atomic_numbers : of the atoms of a formula unit, with repeats for their counts.
    atoms_per_nm3 : number density.
    """

    atomic_numbers: tuple[int, ...]
    atoms_per_nm3: float

    def scattering(self, exponent: float) -> float:
        """Return high-angle scattering per nm of thickness, in arbitrary units: number density times the mean of Z^exponent.

        Pennycook and Jesson, Ultramicroscopy 37 (1991) 14: the exponent is 2 for Rutherford scattering without screening; with
        usual inner angles it is 1.6 ... 2 (Walther, Journal of Microscopy 221 (2006) 137).
        """
        powers: list[float] = [float(z) ** exponent for z in self.atomic_numbers]
        return self.atoms_per_nm3 * sum(powers) / len(powers)


PARTICLE_MATERIALS: Mapping[str, Material] = {
    "Au": Material((79,), 59.0),
    "Pt": Material((78,), 66.2),
    "Ir": Material((77,), 70.6),
    "Ag": Material((47,), 58.6),
    "Pd": Material((46,), 68.0),
    "Rh": Material((45,), 72.6),
    "Ru": Material((44,), 73.6),
    "Cu": Material((29,), 84.9),
    "Ni": Material((28,), 91.4),
    "Co": Material((27,), 90.9),
    "Fe": Material((26,), 84.9),
    "Fe3O4": Material((26, 26, 26, 8, 8, 8, 8), 94.6),
    "Cu2O": Material((29, 29, 8), 75.8),
    "ZnO": Material((30, 8), 84.0),
    "TiO2": Material((22, 8, 8), 96.0),
    "CeO2": Material((58, 8, 8), 75.7),
    "CdSe": Material((48, 34), 35.6),
    "PbS": Material((82, 16), 38.2),
    "SiO2": Material((14, 8, 8), 66.2),
}
"""Densities from the CRC Handbook's mass densities."""
