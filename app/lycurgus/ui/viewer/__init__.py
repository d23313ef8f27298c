"""The central view: picture, overlay, tools, contrast, comparison."""
