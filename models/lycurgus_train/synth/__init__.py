"""Labelled images that nobody had to label: real particles on other backgrounds, and physical simulators."""
