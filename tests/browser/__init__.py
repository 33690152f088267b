"""Tests in a real browser: JupyterLab 4 on loopback, seen by a headless Chromium."""
