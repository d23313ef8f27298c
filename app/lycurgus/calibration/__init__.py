"""Calibration: where a pixel size comes from."""
