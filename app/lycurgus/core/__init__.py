"""The pure domain: numpy, scipy, scikit-image and OpenCV; no files, no window, no networks."""
