"""Classifiers of particles."""
