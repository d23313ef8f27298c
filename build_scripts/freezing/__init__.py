"""What ``build.py`` is made of: the frozen application's contents, its environment, its installers."""
